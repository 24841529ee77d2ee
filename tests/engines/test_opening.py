"""From the name of an engine to one that computes: proven, kept, timed, or refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cellclf.data.cache import entries
from cellclf.data.holding import is_held
from cellclf.engines.converted import Converted
from cellclf.engines.engine import KerasEngine, Trained
from cellclf.engines.opening import engine_names, open_engine
from cellclf.engines.proof import made_images
from cellclf.errors import EngineError, PluginError, RunError
from cellclf.network.build import build
from cellclf.registry import Plugin, Registry
from cellclf.specs import EngineSpec
from tests import fake_engine
from tests.fake_engine import CONVERSIONS, FAILING, FAKE, MISSING, WRONG
from tests.tiny import TINY, TinyParams

SIZE = 16


class Heard:
    """A `Progress` that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def warn(self, message: str) -> None:
        self.warned.append(message)

    def task(self, description: str, total: int) -> Any:
        del description, total
        return nullcontext()


def registry_of(*specs: EngineSpec, version: str = "1.0") -> Registry:
    plugin = Plugin(name="engines", distribution="cellclf-fake", version=version, specs=specs)
    return Registry([plugin])


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return build(TINY, TinyParams(), image_size=SIZE, num_classes=3)


@pytest.fixture
def trained(
    network: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Trained]:
    """Make a trained network of a hash, with an empty cache."""
    monkeypatch.setenv("CELLCLF_CACHE", str(tmp_path / "cache"))
    CONVERSIONS.clear()

    def make(sha256: str = "0" * 64, build: Callable[[], keras.Model] | None = None) -> Trained:
        return Trained(
            sha256=sha256, name="tiny", image_size=SIZE, network=build or (lambda: network)
        )

    return make


def not_to_be_built() -> keras.Model:
    raise AssertionError("Keras was asked for")


def test_keras_is_the_reference(trained: Callable[..., Trained], network: keras.Model) -> None:
    engine = open_engine("keras", trained(), registry=Registry([]))
    images = made_images(SIZE, 3)
    logits = np.asarray(network.predict_on_batch(images.astype(np.float32)))
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(engine(images).probabilities, expected, atol=1e-6)


def test_an_engine_gives_what_keras_gives_and_says_how_far_it_is_from_it(
    trained: Callable[..., Trained],
) -> None:
    engine = open_engine("fake", trained(), registry=registry_of(FAKE))
    images = made_images(SIZE, 5, seed=7)
    expected = open_engine("keras", trained(), registry=Registry([]))(images)
    given = engine(images)
    np.testing.assert_allclose(given.probabilities, expected.probabilities, atol=1e-5)
    np.testing.assert_allclose(given.features, expected.features, rtol=1e-3)
    assert isinstance(engine, Converted)
    assert engine.proof is not None
    assert engine.proof.probabilities <= 1e-5


def test_a_network_is_converted_once_and_then_keras_is_not_asked_for(
    trained: Callable[..., Trained],
) -> None:
    open_engine("fake", trained(), registry=registry_of(FAKE))
    again = open_engine("fake", trained(build=not_to_be_built), registry=registry_of(FAKE))
    assert again(made_images(SIZE, 2)).probabilities.shape == (2, 3)
    assert CONVERSIONS == ["tiny"]


def test_another_bundle_or_another_version_is_converted_for_itself(
    trained: Callable[..., Trained],
) -> None:
    for sha256, version in (("0" * 64, "1.0"), ("1" * 64, "1.0"), ("0" * 64, "1.1")):
        open_engine("fake", trained(sha256), registry=registry_of(FAKE, version=version))
    assert len(CONVERSIONS) == 3


def test_what_was_converted_lies_in_the_cache_where_it_is_listed_and_in_use(
    trained: Callable[..., Trained],
) -> None:
    engine = open_engine("fake", trained(), registry=registry_of(FAKE))
    (entry,) = entries()
    assert (entry.kind, entry.in_use) == ("engines", True)
    del engine
    (entry,) = entries()
    assert not entry.in_use


def test_a_cached_network_is_in_use_before_it_is_opened(
    trained: Callable[..., Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []

    def open_watched(folder: Path, params: Any) -> fake_engine.Run:
        held.append(is_held(folder))
        return open_network(folder, params)

    open_network = fake_engine.open_network
    open_engine("fake", trained(), registry=registry_of(FAKE))
    monkeypatch.setattr(fake_engine, "open_network", open_watched)
    open_engine("fake", trained(), registry=registry_of(FAKE))
    assert held == [True]


def test_where_nothing_can_be_kept_an_engine_is_refused_and_auto_is_keras(
    trained: Callable[..., Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = trained()
    (tmp_path / "file").touch()
    monkeypatch.setenv("CELLCLF_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(RunError, match=r"engines cannot be written"):
        open_engine("fake", model, registry=registry_of(FAKE))
    heard = Heard()
    assert open_engine("auto", model, registry=registry_of(FAKE), progress=heard).name == "keras"
    assert "Engine fake is left out" in heard.warned[0]


def test_a_cached_network_that_is_not_whole_is_made_anew(
    trained: Callable[..., Trained],
) -> None:
    files = ("proof.json", "sums.json", fake_engine.TOKEN)
    for times, name in enumerate(files, start=2):
        open_engine("fake", trained(), registry=registry_of(FAKE))
        (entry,) = entries()
        file = entry.path / name
        file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
        open_engine("fake", trained(), registry=registry_of(FAKE))
        assert len(CONVERSIONS) == times


def test_a_cached_network_that_cannot_be_opened_any_more_is_made_anew(
    trained: Callable[..., Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_engine("fake", trained(), registry=registry_of(FAKE))
    monkeypatch.setattr(fake_engine, "NETWORKS", {})
    engine = open_engine("fake", trained(), registry=registry_of(FAKE))
    assert engine.name == "fake"
    assert len(CONVERSIONS) == 2


def test_an_engine_that_gives_other_numbers_is_refused_and_not_kept(
    trained: Callable[..., Trained],
) -> None:
    for _ in range(2):
        with pytest.raises(EngineError, match=r"must give what Keras gives.*--engine keras"):
            open_engine("wrong", trained(), registry=registry_of(WRONG))
    assert entries() == ()


def test_a_conversion_that_fails_says_why_and_leaves_nothing(
    trained: Callable[..., Trained],
) -> None:
    with pytest.raises(
        EngineError, match=r"cannot convert this network.*an operation is not known"
    ):
        open_engine("failing", trained(), registry=registry_of(FAILING))
    assert entries() == ()


def test_an_engine_whose_runtime_is_not_installed_says_what_to_install(
    trained: Callable[..., Trained],
) -> None:
    with pytest.raises(EngineError, match="pip install no-such-package-here"):
        open_engine("missing", trained(), registry=registry_of(MISSING))


def test_an_unknown_engine_is_named_with_those_that_there_are(
    trained: Callable[..., Trained],
) -> None:
    registry = registry_of(FAKE)
    assert engine_names(registry) == ("auto", "keras", "fake")
    with pytest.raises(PluginError, match=r"no engine is called 'fke'.*'fake'.*auto, keras, fake"):
        open_engine("fke", trained(), registry=registry)


def test_auto_takes_the_fastest_says_so_and_remembers_it(
    trained: Callable[..., Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: list[str] = []

    def measure(engine: Any, image_size: int) -> Any:
        timed.append(engine.name)
        from cellclf.engines.speed import Speed

        rate = {"keras": 100.0, "fake": 250.0}[engine.name]
        return Speed(images_per_second=rate, batch_size=128)

    monkeypatch.setattr("cellclf.engines.opening.measure", measure)
    heard = Heard()
    registry = registry_of(FAKE, WRONG, MISSING)
    engine = open_engine("auto", trained(), registry=registry, progress=heard)
    assert (engine.name, engine.batch_size) == ("fake", 128)
    assert timed == ["keras", "fake"]
    assert heard.said[-1] == (
        "Engine: fake, in batches of 128 "
        "(images a second as measured here: fake 250, keras 100; left out: wrong)"
    )
    assert "wrong" in heard.warned[0]
    later = Heard()
    again = open_engine("auto", trained(build=not_to_be_built), registry=registry, progress=later)
    assert (again.name, again.batch_size) == ("fake", 128)
    assert later.said == heard.said[-1:]
    assert timed == ["keras", "fake"]


def test_auto_without_any_other_engine_is_keras_and_times_nothing(
    trained: Callable[..., Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cellclf.engines.opening.measure", not_to_be_built)
    never = replace(FAKE, candidate=False)
    engine = open_engine("auto", trained(), registry=registry_of(never, MISSING))
    assert isinstance(engine, KerasEngine)


def test_an_engine_that_failed_is_tried_again_after_a_day(
    trained: Callable[..., Trained], tmp_path: Path
) -> None:
    registry = registry_of(FAILING)
    heard = [Heard() for _ in range(3)]
    open_engine("auto", trained(), registry=registry, progress=heard[0])
    open_engine("auto", trained(), registry=registry, progress=heard[1])
    (record,) = (tmp_path / "cache" / "speeds").glob("*.json")
    long_ago = record.stat().st_mtime - 2 * 24 * 60 * 60
    os.utime(record, (long_ago, long_ago))
    open_engine("auto", trained(), registry=registry, progress=heard[2])
    assert [len(one.warned) for one in heard] == [1, 0, 1]
