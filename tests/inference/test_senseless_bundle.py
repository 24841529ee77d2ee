"""Bundles that are whole and say what cannot be: each is refused with the place."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cellclf.errors import BundleError
from cellclf.inference.bundle import (
    SCHEMA_VERSION,
    read_bundle,
    write_bundle,
)
from tests.inference.bundles import (
    MANIFEST,
    WEIGHTS,
    decision,
    outliers,
    sealed,
    usual,
    with_manifest,
    with_tensor,
)
from tests.inference.mutated.parts import Parts


def test_outlier_scores_that_are_no_such_thing_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scoring.safetensors"
    flat = dataclasses.replace(outliers(), variances=np.zeros(5))
    write_bundle(path, MANIFEST, WEIGHTS, outliers=flat)
    with pytest.raises(BundleError, match="is damaged: 'variances' must be more than 0"):
        read_bundle(path)


def test_a_decision_that_does_not_fit_the_classes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "decided.safetensors"
    two = MANIFEST.model_copy(update={"classes": ("round", "long")})
    write_bundle(path, two, WEIGHTS, decision=decision())
    with pytest.raises(BundleError, match=r"is damaged: '.*' must have shape \(2,\)"):
        read_bundle(path)


def test_a_bundle_of_a_newer_version_says_to_upgrade(written: Path) -> None:
    newer = SCHEMA_VERSION + 1
    with_manifest(written, schema_version=newer, something_new=True)
    said = rf"newer cellclf \(schema {newer}\).*up to {SCHEMA_VERSION}: upgrade cellclf"
    with pytest.raises(BundleError, match=said):
        read_bundle(written)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": ["round"]}, "classes"),
        ({"classes": ["round", "round"]}, "must differ"),
        ({"image_size": 10**9}, "image_size"),
        ({"image_size": "large"}, "image_size"),
        ({"schema_version": "one"}, "schema_version"),
        ({"surprise": 1}, "surprise"),
        ({"params": {"width": float("nan")}}, "NaN is no JSON"),
        ({"architecture": "\ud800"}, "cannot read"),
        ({"architecture": "os.system"}, "architecture"),
        ({"distribution": "evil --index-url http://x"}, "distribution"),
        ({"distribution_version": "1" * 100_000}, "distribution_version"),
        ({"environment": {"cellclf": "\x1b[2J"}}, "environment.cellclf"),
        ({"image_size": 16.0}, "image_size"),
        ({"image_size": True}, "image_size"),
        ({"synthetic": "yes"}, "synthetic"),
        ({"thresholds": {"temperature": 10**400}}, "thresholds.temperature"),
        ({"confusion": [[1, 2], [3, 4]]}, "3 rows of 4 counts"),
        ({"confusion": [[-1] * 4] * 3}, "confusion"),
        ({"x" * 10_000: 1}, r"\(x{40}: Extra"),
        ({f"a\n{number}": 1 for number in range(99)}, r"'a\\n0'"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused_with_the_place(
    written: Path, changes: dict[str, Any], said: str
) -> None:
    with_manifest(written, **changes)
    with pytest.raises(BundleError, match=said):
        read_bundle(written)


def test_a_fingerprint_that_is_no_list_of_numbers_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "tiny.safetensors"
    write_bundle(place, MANIFEST, WEIGHTS, trained=np.zeros((2, 2), np.uint64))
    with pytest.raises(BundleError, match=r"'trained/images' is no list of fingerprints"):
        read_bundle(place)


def test_a_look_that_does_not_fit_the_classes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "looked.safetensors"
    write_bundle(path, MANIFEST, WEIGHTS, usual=usual(classes=2))
    with pytest.raises(BundleError, match=r"damaged.*shape \(4, 7, 3\)"):
        read_bundle(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"temperature": 0}, "'temperature' is out of range"),
        ({"temperature": -1}, "'temperature' is out of range"),
        ({"review": -0.5}, "'review' is out of range"),
        ({"set_coverage": 1.5}, "'set_coverage' is out of range"),
        ({"calibrated_on": 90.5}, "'calibrated_on' is out of range"),
        ({"review_accepted": 0}, "'review_bound' is given"),
        ({"outlier": None}, "'outlier' is missing"),
        ({"outlier_share": None}, "'outlier_share' is missing"),
        ({"review": None}, "'review' is missing"),
    ],
    ids=str,
)
def test_thresholds_that_nothing_can_be_decided_by_are_refused(
    decided: Path, changes: dict[str, float | None], said: str
) -> None:
    def change(parts: Parts) -> Parts:
        changed = {**parts.manifest["thresholds"], **changes}
        kept = {name: value for name, value in changed.items() if value is not None}
        return dataclasses.replace(parts, manifest={**parts.manifest, "thresholds": kept})

    sealed(decided, change)
    with pytest.raises(BundleError, match=rf"decided.safetensors is damaged: {said}"):
        read_bundle(decided)


@pytest.mark.parametrize(
    ("name", "array", "said"),
    [
        ("weights/conv/kernel", np.full(12, np.nan, np.float32), "'weights/conv/kernel' holds NaN"),
        ("weights/conv/bias", np.full(3, -np.inf, np.float16), "holds NaN or infinity"),
        ("decision/biases", np.zeros(3, np.int32), "must be of type float32. Received: int32"),
        ("decision/biases", np.full(3, np.inf, np.float32), "holds NaN or infinity"),
        ("decision/set_samples", np.full(3, 0.5, np.float32), "must hold whole numbers"),
        ("decision/set_samples", np.full(3, -1, np.float32), "must be from 0"),
        ("decision/set_thresholds", np.full(3, 2, np.float32), "must be from 0 to 1"),
        ("outliers/means", np.zeros((3, 6), np.float16), "must be of type float32"),
        ("outliers/means", np.zeros((4, 6), np.float32), "must have at most 3 rows"),
        ("outliers/scales", None, "'scales' is missing"),
        ("appearance/stain_and_focus_1", np.zeros((4, 7, 3), np.int32), "must be of type float32"),
        ("trained/images", np.zeros(3, np.uint64), "is no list of fingerprints"),
        ("trained/images", np.array([2, 1], np.uint64), "is no list of fingerprints"),
    ],
)
def test_a_tensor_that_cannot_be_what_it_is_called_is_refused(
    decided: Path, name: str, array: NDArray[Any] | None, said: str
) -> None:
    with_tensor(decided, name, array)
    with pytest.raises(BundleError, match=rf"decided.safetensors is damaged: .*{said}"):
        read_bundle(decided)


@pytest.mark.parametrize(
    ("name", "called", "said"),
    [
        ("decision/biases", "decision/more", "'more' has no place in a decision"),
        ("trained/images", "trained/more", "'trained/more', which a bundle has no place for"),
        ("outliers/rest", "rest", "'rest', which a bundle has no place for"),
    ],
)
def test_a_tensor_that_has_no_place_is_refused(
    decided: Path, name: str, called: str, said: str
) -> None:
    with_tensor(decided, name, np.zeros(3, np.float32), called=called)
    with pytest.raises(BundleError, match=said):
        read_bundle(decided)


def test_a_bundle_that_refuses_cells_without_scores_to_refuse_by_is_refused(decided: Path) -> None:
    def change(parts: Parts) -> Parts:
        kept = (one for one in parts.tensors if not one.name.startswith("outliers/"))
        return dataclasses.replace(parts, tensors=tuple(kept))

    sealed(decided, change)
    with pytest.raises(BundleError, match="it refuses cells by a score"):
        read_bundle(decided)


def test_a_bundle_without_weights_is_refused(decided: Path) -> None:
    def change(parts: Parts) -> Parts:
        kept = (one for one in parts.tensors if not one.name.startswith("weights/"))
        return dataclasses.replace(parts, tensors=tuple(kept))

    sealed(decided, change)
    with pytest.raises(BundleError, match="it holds no weights"):
        read_bundle(decided)
