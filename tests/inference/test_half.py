"""Bundles with kernels in float16: what stays, what is measured, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

import cellclf
from cellclf.engines.proof import made_images
from cellclf.errors import BundleError, DataError, PluginError, RunError
from cellclf.evaluation.predictions import predictions_table
from cellclf.inference.bundle import read_bundle, write_bundle
from cellclf.inference.half import Difference, half_bundle, halved
from cellclf.inference.loading import load_bundles
from cellclf.registry import Plugin, Registry
from tests.conftest import Command
from tests.images import write_folder
from tests.inference import stored_bundle
from tests.plugin_site import Site
from tests.shipping import install
from tests.tiny import TINY

REGISTRY = Registry(
    [Plugin(name="tiny", distribution="cellclf-tiny", version="1.0", specs=(TINY,))]
)


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A model that is calibrated and refuses; its kernels are no numbers of float16."""
    rng = np.random.default_rng(0)
    weights = {
        name: (array + rng.normal(0, 1e-3, array.shape)).astype(np.float32)
        for name, array in stored_bundle.WEIGHTS.items()
    }
    write_bundle(
        tmp_path / "first.safetensors",
        stored_bundle.MANIFEST,
        weights,
        decision=stored_bundle.DECISION,
        outliers=stored_bundle.OUTLIERS,
        trained=stored_bundle.TRAINED,
        usual=stored_bundle.USUAL,
    )
    return tmp_path / "first.safetensors"


def test_kernels_become_float16_and_all_else_stays(original: Path, tmp_path: Path) -> None:
    half = half_bundle(original, tmp_path / "half.safetensors", registry=REGISTRY)
    before, after = load_file(original), load_file(half.path)
    assert before.keys() == after.keys()
    for name, array in before.items():
        if name in ("weights/convolution/kernel", "weights/logits/kernel"):
            assert after[name].dtype == np.float16
            np.testing.assert_allclose(after[name].astype(np.float32), array, rtol=1e-3)
        else:
            assert after[name].dtype == array.dtype
            np.testing.assert_array_equal(after[name], array)
    one, other = read_bundle(original), read_bundle(half.path)
    prints = {**one.manifest.fingerprints, "float32_bundle": one.sha256}
    assert other.manifest == one.manifest.model_copy(update={"fingerprints": prints})
    assert other.sha256 == half.sha256


def test_the_network_of_a_half_bundle_computes_in_float32(original: Path, tmp_path: Path) -> None:
    half = half_bundle(original, tmp_path / "half.safetensors", registry=REGISTRY)
    first, second = (load_bundles(path, registry=REGISTRY) for path in (original, half.path))
    assert {str(variable.dtype) for variable in second.model.weights} == {"float32"}
    images = made_images(16, 20, seed=2)
    away = np.abs(first.predict_proba(images) - second.predict_proba(images)).max()
    assert 0 < away < 1e-3
    assert half.made_images.probability < 1e-3
    assert half.made_images.classes == 0


def test_images_that_are_given_are_looked_at_too(original: Path, tmp_path: Path) -> None:
    write_folder(tmp_path, {"new": 5})
    half = half_bundle(
        original, tmp_path / "half.safetensors", images=tmp_path / "new", registry=REGISTRY
    )
    assert half.given_images is not None
    assert half.given_images.images == 5
    assert "5 given images: probabilities that differ by up to" in half.summary()
    assert f"{half.path.stat().st_size:,} bytes of " in half.summary()


def test_answers_that_would_be_others_are_refused_and_nothing_is_left(
    original: Path, tmp_path: Path
) -> None:
    bundle = read_bundle(original)
    # Two classes that differ by less than float16 can hold, a thousand times as large.
    kernel = np.full_like(bundle.weights["logits/kernel"], 1000.2)
    kernel[:, 1] += 0.2
    weights = {**bundle.weights, "logits/kernel": kernel}
    narrow = tmp_path / "narrow.safetensors"
    write_bundle(narrow, bundle.manifest, weights)
    with pytest.raises(BundleError, match=r"loses too much in float16 .* Of 32 images: prob"):
        half_bundle(narrow, tmp_path / "half.safetensors", registry=REGISTRY)
    assert sorted(path.name for path in tmp_path.iterdir()) == [original.name, narrow.name]


def test_a_number_that_float16_has_no_place_for_is_refused() -> None:
    with pytest.raises(BundleError, match="'kernel' must be at most 65504"):
        halved({"kernel": np.full((2, 2), 1e5, np.float32)})


def test_what_is_half_already_is_refused(original: Path, tmp_path: Path) -> None:
    half = half_bundle(original, tmp_path / "half.safetensors", registry=REGISTRY)
    with pytest.raises(BundleError, match="must hold kernels in float32"):
        half_bundle(half.path, tmp_path / "quarter.safetensors", registry=REGISTRY)


@pytest.mark.parametrize(
    ("out", "because"), [("half.bundle", "must be a .safetensors"), ("first.safetensors", "there")]
)
def test_a_place_that_will_not_do_is_refused(
    original: Path, tmp_path: Path, out: str, because: str
) -> None:
    with pytest.raises(RunError, match=because):
        half_bundle(original, tmp_path / out, registry=REGISTRY)


def test_an_image_that_cannot_be_read_is_refused(original: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("no image")
    with pytest.raises(DataError, match=r"`images` must be readable.*bad\.png"):
        half_bundle(
            original, tmp_path / "half.safetensors", images=tmp_path / "bad.png", registry=REGISTRY
        )
    assert not (tmp_path / "half.safetensors").exists()


def table(*probabilities: tuple[float, float]) -> pd.DataFrame:
    found = predictions_table(
        sample_ids=[str(number) for number in range(len(probabilities))],
        probabilities=np.array(probabilities, np.float32),
        classes=("a", "b"),
    )
    return found.assign(review=[False] * len(found))


SAME = Difference(images=2_000, probability=0.001, classes=0, refusals=0, reviews=0)


def test_what_differs_is_counted() -> None:
    first, second = table((0.51, 0.49), (0.9, 0.1)), table((0.49, 0.51), (0.9, 0.1))
    second = second.assign(review=[False, True], predicted=["unidentified", "a"])
    found = Difference.between(first, second)
    assert found.probability == pytest.approx(0.02)
    assert (found.images, found.classes, found.refusals, found.reviews) == (2, 1, 1, 1)


@pytest.mark.parametrize(
    ("change", "small"),
    [
        ({}, True),
        ({"probability": 0.02}, False),
        ({"classes": 1}, False),
        ({"reviews": 10}, True),
        ({"reviews": 11}, False),
        ({"refusals": 11}, False),
        ({"images": 3, "reviews": 1}, True),
        ({"images": 3, "reviews": 2}, False),
    ],
)
def test_another_class_is_too_much_and_a_few_marks_at_a_threshold_are_not(
    change: dict[str, int], small: bool
) -> None:
    assert replace(SAME, **change).small is small


def test_what_exports_to_engines_says_what_writes_it(original: Path, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"`cellclf\.half_bundle` writes it"):
        cellclf.export(original, tmp_path / "half", format="half_bundle")


def test_the_command_writes_it(site: Site, cellclf_command: Command, tmp_path: Path) -> None:
    install(site)
    write_folder(tmp_path, {"new": 3})
    done = cellclf_command(
        *("export", "tiny_cells", "--format", "half_bundle", "--out", "half.safetensors"),
        *("--images", "new"),
    )
    assert "3 given images: probabilities" in done.stdout
    assert done.stdout.splitlines()[-1] == "Written: half.safetensors"
    assert cellclf.load(tmp_path / "half.safetensors").classes == ("dark", "light")
