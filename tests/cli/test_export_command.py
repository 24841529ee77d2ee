from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from cellclf.data.decode import DECODE_VERSION
from cellclf.engines.conversion import opened
from cellclf.engines.formats import format_offer
from cellclf.engines.proof import made_images
from cellclf.inference.bundle import BundleManifest, write_bundle
from cellclf.inference.loading import load_bundles
from cellclf.network.build import build, weights_of
from cellclf.registry import installed
from cellclf.specs import ModelSpec
from tests.conftest import Command
from tests.images import write_folder

pytest.importorskip("cellclf_custom_cnn")

SIZE = 32


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    offer = installed().offer(ModelSpec, "custom_cnn")
    keras.utils.set_random_seed(0)
    network = build(offer.spec, offer.spec.params(), image_size=SIZE, num_classes=2)
    manifest = BundleManifest(
        architecture="custom_cnn",
        distribution=offer.distribution,
        distribution_version=offer.version,
        params=offer.spec.params().model_dump(mode="json"),
        classes=("round", "long"),
        image_size=SIZE,
        resize="stretch",
        decode_version=DECODE_VERSION,
    )
    path = tmp_path_factory.mktemp("models") / "first.safetensors"
    write_bundle(path, manifest, weights_of(network))
    return path


def refusal(command: Command, *arguments: str | Path, **env: str) -> str:
    """The message, one line, of a command that must be refused."""
    done = command("export", *arguments, check=False, env=env)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    (said,) = done.stderr.splitlines()
    return said


def test_a_bundle_is_written_and_both_files_are_named(
    cellclf_command: Command, bundle: Path, tmp_path: Path
) -> None:
    write_folder(tmp_path, {"new": 5})
    done = cellclf_command(
        *("export", bundle, "--format", "saved_model", "--out", "first", "--images", "new")
    )
    *_, folder, record = done.stdout.splitlines()
    assert folder == "Written: first"
    assert record == f"Written: {Path('first') / 'cellclf.json'}"
    assert "32 made images: probabilities that differ by up to" in done.stdout
    assert "5 given images: probabilities that" in done.stdout
    said = json.loads((tmp_path / "first" / "cellclf.json").read_text(encoding="utf-8"))
    assert said["classes"] == ["round", "long"]
    images = made_images(SIZE, 4, seed=3)
    run = opened(format_offer(installed(), "saved_model").spec, tmp_path / "first")
    np.testing.assert_allclose(
        run(images)["probabilities"], load_bundles(bundle).predict_proba(images), atol=1e-5
    )


def test_a_program_is_told_what_was_written_and_how_far_it_is(
    cellclf_command: Command, bundle: Path, tmp_path: Path
) -> None:
    done = cellclf_command("export", bundle, "--format", "saved_model", "--out", "first", "--json")
    told = json.loads(done.stdout)
    assert told["path"] == "first"
    record = json.loads((tmp_path / "first" / "cellclf.json").read_text(encoding="utf-8"))
    assert told["record"] == record
    done = cellclf_command(
        *("export", bundle, "--format", "half_bundle", "--out", "half.safetensors", "--json")
    )
    told = json.loads(done.stdout)
    assert told["bytes"] == (tmp_path / "half.safetensors").stat().st_size
    assert told["made_images"]["classes"] == 0
    assert "Written: half.safetensors" in done.stderr.splitlines()


def test_a_format_that_there_is_not_is_refused_with_those_that_there_are(
    cellclf_command: Command, bundle: Path
) -> None:
    said = refusal(cellclf_command, bundle, "--format", "saved_modl", "--out", "x")
    assert "no format is called 'saved_modl'. Did you mean 'saved_model'? Installed: " in said


def test_what_is_there_already_is_not_overwritten(
    cellclf_command: Command, bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "x").write_text("mine")
    said = refusal(cellclf_command, bundle, "--format", "saved_model", "--out", "x")
    assert "x is there already" in said
    assert (tmp_path / "x").read_text() == "mine"


def test_a_model_or_an_image_that_there_is_not_is_refused_before_any_work(
    cellclf_command: Command, bundle: Path, tmp_path: Path
) -> None:
    wanted = ("--format", "saved_model", "--out", "x")
    assert "nowhere" in refusal(cellclf_command, "nowhere.safetensors", *wanted)
    assert "nowhere" in refusal(cellclf_command, bundle, *wanted, "--images", "nowhere")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_another_backend_than_formats_are_made_from_is_refused(
    cellclf_process: Command, bundle: Path
) -> None:
    pytest.importorskip("jax")
    wanted = ("--format", "saved_model", "--out", "x")
    said = refusal(cellclf_process, bundle, *wanted, KERAS_BACKEND="jax")
    assert "format 'saved_model' is made from a network on tensorflow" in said


@pytest.mark.slow
def test_nothing_but_what_is_meant_is_written_to_the_terminal(
    cellclf_process: Command, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path, {"new": 3})
    # Whoever has set this, as this process may have, wants to hear what TensorFlow has to say.
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    done = cellclf_process("export", bundle, "--format", "saved_model", "--out", "first")
    first, second = done.stderr.splitlines()
    assert first == "Converting first to saved_model"
    assert second.startswith("Comparing images: 32/32 in ")
    for _ in range(2):  # converted, then opened without Keras having been asked for
        done = cellclf_process("predict", bundle, "new", "--engine", "saved_model")
        (line,) = done.stderr.splitlines()
        assert line.startswith("Classifying: 3/3")
