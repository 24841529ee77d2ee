"""Bundles: what is written is what is read, and what could not be read is not written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cellclf.errors import BundleError, RunError
from cellclf.inference.bundle import (
    read_bundle,
    require_room,
    write_bundle,
)
from tests.inference.bundles import (
    MANIFEST,
    WEIGHTS,
    Arrays,
    decision,
    outliers,
    same,
    usual,
)


def test_what_was_written_is_read(written: Path) -> None:
    bundle = read_bundle(written)
    assert bundle.manifest == MANIFEST
    assert same(bundle.weights)


def test_what_turns_probabilities_into_answers_comes_back(tmp_path: Path, written: Path) -> None:
    decided = tmp_path / "decided.safetensors"
    write_bundle(decided, MANIFEST, WEIGHTS, decision=decision())
    bundle = read_bundle(decided)
    assert bundle.decision is not None
    assert bundle.decision.thresholds() == decision().thresholds()
    for name, array in decision().arrays().items():
        assert np.array_equal(bundle.decision.arrays()[name], array)
    assert same(bundle.weights)
    plain = read_bundle(written)
    assert plain.decision is None
    assert plain.manifest.thresholds == {}


def test_what_tells_outliers_comes_back(tmp_path: Path, written: Path) -> None:
    scoring = tmp_path / "scoring.safetensors"
    write_bundle(scoring, MANIFEST, WEIGHTS, outliers=outliers())
    found = read_bundle(scoring).outliers
    assert found is not None
    for name, array in outliers().arrays().items():
        assert np.array_equal(found.arrays()[name], array)
    assert read_bundle(written).outliers is None


def test_the_same_content_gives_the_same_file(tmp_path: Path, written: Path) -> None:
    turned = dict(reversed(WEIGHTS.items()))
    digest = write_bundle(tmp_path / "again.safetensors", MANIFEST, turned)
    assert (tmp_path / "again.safetensors").read_bytes() == written.read_bytes()
    assert digest == read_bundle(written).sha256


def test_arrays_that_are_no_block_of_memory_are_written_as_they_look(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4).T[::2]
    write_bundle(tmp_path / "b.safetensors", MANIFEST, {"w": array})
    assert same(read_bundle(tmp_path / "b.safetensors").weights, {"w": array})


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({}, "none"),
        ({"w": np.array([1, np.nan], np.float32)}, "diverged"),
        ({"w": np.array([np.inf], np.float16)}, "diverged"),
        ({"w": np.zeros(2)}, "float64"),
        ({"w": np.array(["text"])}, "Received: <U4"),
        ({"w": np.array([None])}, "object"),
    ],
)
def test_weights_that_are_no_finite_numbers_are_not_written(
    tmp_path: Path, weights: Arrays, said: str
) -> None:
    with pytest.raises(BundleError, match=said):
        write_bundle(tmp_path / "b.safetensors", MANIFEST, weights)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        write_bundle(tmp_path / "file" / "b.safetensors", MANIFEST, WEIGHTS)


def test_the_fingerprint_of_the_images_trained_on_is_kept(tmp_path: Path, written: Path) -> None:
    trained = np.array([3, 7, 2**64 - 1], dtype=np.uint64)
    other = tmp_path / "other.safetensors"
    write_bundle(other, MANIFEST.model_copy(update={"leaky": True}), WEIGHTS, trained=trained)
    found = read_bundle(other)
    np.testing.assert_array_equal(found.trained, trained)
    assert same(found.weights)
    assert found.manifest.leaky
    assert len(read_bundle(written).trained) == 0
    assert not read_bundle(written).manifest.leaky


def test_what_training_images_look_like_comes_back_and_may_be_missing(
    tmp_path: Path, written: Path
) -> None:
    looked = tmp_path / "looked.safetensors"
    write_bundle(looked, MANIFEST, WEIGHTS, usual=usual())
    bundle = read_bundle(looked)
    assert bundle.usual is not None
    assert same(bundle.usual.arrays(), usual().arrays())
    assert same(bundle.weights)
    assert read_bundle(written).usual is None


def test_what_could_not_be_read_is_not_written(tmp_path: Path) -> None:
    place = tmp_path / "b.safetensors"
    with pytest.raises(BundleError, match="is no name of a tensor"):
        write_bundle(place, MANIFEST, {"x" * 300: np.zeros(1, np.float32)})
    long = MANIFEST.model_copy(update={"params": {"text": "x" * (5 << 20)}})
    with pytest.raises(BundleError, match="has a header of 5,"):
        write_bundle(place, long, WEIGHTS)
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_no_bundle_can_hold_is_refused_before_it_is_trained() -> None:
    with pytest.raises(BundleError, match="smaller images or another architecture"):
        require_room(170_000_000)
