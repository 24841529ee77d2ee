"""What a bundle may hold at most and at least, and what its digest and hash are."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from cellclf.errors import BundleError, DataError
from cellclf.evaluation.outliers import OutlierScores
from cellclf.inference import bundle as bundles
from cellclf.inference.bundle import read_bundle, require_room, write_bundle
from cellclf.inference.bundle_header import MAX_FILE_BYTES, MAX_HEADER_BYTES, TENSOR_TYPES
from tests.inference.stored_bundle import DECISION, MANIFEST, OUTLIERS, TRAINED, USUAL, WEIGHTS

Arrays = Mapping[str, NDArray[Any]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A bundle of all that one can hold."""
    place = tmp_path / "all.safetensors"
    write_bundle(
        place,
        MANIFEST,
        WEIGHTS,
        decision=DECISION,
        outliers=OUTLIERS,
        trained=TRAINED,
        usual=USUAL,
    )
    return place


def entry_of(path: Path) -> dict[str, Any]:
    """What the metadata of a safetensors file says under `cellclf`."""
    with safe_open(path, framework="numpy") as file:
        assert list(file.metadata()) == ["cellclf"]
        entry: dict[str, Any] = json.loads(file.metadata()["cellclf"])
    return entry


def digest_of(manifest: object, tensors: Arrays) -> str:
    """The digest by docs/explanation/bundle.md."""
    described = [
        [name, tensors[name].dtype.str, [*tensors[name].shape]] for name in sorted(tensors)
    ]
    text = json.dumps(
        [manifest, described], sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(tensors[name].tobytes())
    return digest.hexdigest()


def with_tensors(path: Path, tensors: Arrays) -> None:
    """Rewrite a bundle with other tensors and a digest that fits."""
    manifest = entry_of(path)["manifest"]
    entry = json.dumps({"digest": digest_of(manifest, tensors), "manifest": manifest})
    save_file(dict(tensors), path, metadata={"cellclf": entry})


def changed(path: Path, **changes: NDArray[Any] | None) -> None:
    """Rewrite a bundle with some tensors changed, added, or taken out; `__` stands for `/`."""
    named = {name.replace("__", "/"): array for name, array in changes.items()}
    tensors = {**load_file(path), **named}
    with_tensors(path, {name: array for name, array in tensors.items() if array is not None})


def test_anybody_can_read_a_bundle_and_check_its_digest_and_hash(
    path: Path, tmp_path: Path
) -> None:
    entry, tensors = entry_of(path), load_file(path)
    assert entry["digest"] == digest_of(entry["manifest"], tensors)
    assert {name.partition("/")[0] for name in tensors} == {
        "weights",
        "decision",
        "appearance",
        "outliers",
        "trained",
    }
    for prefix, arrays in {
        "weights": WEIGHTS,
        "decision": DECISION.arrays(),
        "outliers": OUTLIERS.arrays(),
        "appearance": USUAL.arrays(),
        "trained": {"images": TRAINED},
    }.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(tensors[f"{prefix}/{name}"], array)
    again = write_bundle(tmp_path / "plain.safetensors", MANIFEST, WEIGHTS)
    assert again == hashlib.sha256((tmp_path / "plain.safetensors").read_bytes()).hexdigest()
    assert read_bundle(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_bundle_put_together_by_others_is_read(path: Path) -> None:
    before = read_bundle(path)
    with_tensors(path, load_file(path))
    after = read_bundle(path)
    assert after.manifest == before.manifest
    assert after.weights.keys() == before.weights.keys()
    with pytest.raises(TypeError):
        after.weights["new"] = np.zeros(1)  # type: ignore[index]


def test_a_network_may_be_as_large_as_fits_beside_the_largest_header() -> None:
    most = (MAX_FILE_BYTES - MAX_HEADER_BYTES) // 4
    require_room(most)
    with pytest.raises(BundleError) as refused:
        require_room(most + 1)
    assert f"at most {MAX_FILE_BYTES:,} bytes" in str(refused.value)
    assert f"of {most + 1:,} parameters takes {MAX_FILE_BYTES + 4:,}:" in str(refused.value)


def test_what_tells_outliers_may_take_so_much_and_no_more(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = sum(array.nbytes for array in OUTLIERS.arrays().values())
    monkeypatch.setattr(bundles, "MAX_OUTLIERS_BYTES", size)
    place = tmp_path / "other.safetensors"
    write_bundle(place, MANIFEST, WEIGHTS, outliers=OUTLIERS)
    assert read_bundle(place).outliers is not None
    monkeypatch.setattr(bundles, "MAX_OUTLIERS_BYTES", size - 1)
    said = rf"what tells outliers must take at most {size - 1:,} bytes\. Received: {size:,} bytes"
    with pytest.raises(BundleError, match=f"other.safetensors is damaged: {said}"):
        read_bundle(place)
    place.unlink()
    with pytest.raises(DataError, match=f"^{said}"):
        write_bundle(place, MANIFEST, WEIGHTS, outliers=OUTLIERS)
    assert not place.exists()


def test_outlier_scores_know_at_most_the_classes_that_there_are(path: Path) -> None:
    means = OUTLIERS.arrays()["means"]
    for rows in (1, 3):
        changed(path, outliers__means=means[:rows].copy())
        found = read_bundle(path).outliers
        assert isinstance(found, OutlierScores)
        assert len(found.means) == rows
    changed(path, outliers__means=np.concatenate([means, means[:1]]))
    with pytest.raises(BundleError, match=r"'means' must have at most 3 rows\. Received: 4$"):
        read_bundle(path)


@pytest.mark.parametrize(
    ("trained", "sound"),
    [
        (np.array([5], np.uint64), True),
        (np.array([], np.uint64), True),
        (np.array([1, 2, 2**63], np.uint64), True),
        (np.array([1, 2, 2], np.uint64), False),
        (np.array([2, 1], np.uint64), False),
        (np.array([1, 2], np.int64), False),
        (np.array([[1, 2]], np.uint64), False),
        (np.array(1, np.uint64), False),
    ],
    ids=str,
)
def test_a_fingerprint_is_a_list_of_numbers_each_larger_than_the_last(
    path: Path, trained: NDArray[Any], sound: bool
) -> None:
    changed(path, trained__images=trained)
    if sound:
        np.testing.assert_array_equal(read_bundle(path).trained, trained)
    else:
        with pytest.raises(BundleError, match=r"'trained/images' is no list of fingerprints$"):
            read_bundle(path)


def test_parts_that_are_missing_are_missing_and_nothing_else(path: Path) -> None:
    tensors = load_file(path)
    without = {name: array for name, array in tensors.items() if not name.startswith("appearance")}
    with_tensors(path, without)
    assert read_bundle(path).usual is None
    assert read_bundle(path).decision is not None
    decided = {name: array for name, array in tensors.items() if not name.startswith("decision")}
    with_tensors(path, decided)
    # The manifest still says what is decided by.
    with pytest.raises(BundleError, match=r"all\.safetensors is damaged: 'biases' is missing"):
        read_bundle(path)


def test_what_refuses_cells_needs_the_scores_and_what_does_not_does_without(
    tmp_path: Path,
) -> None:
    place = tmp_path / "b.safetensors"
    calm = dataclasses.replace(DECISION, refusal=None)
    write_bundle(place, MANIFEST, WEIGHTS, decision=calm)
    assert read_bundle(place).outliers is None
    write_bundle(place, MANIFEST, WEIGHTS, decision=DECISION)
    with pytest.raises(BundleError, match="it refuses cells by a score"):
        read_bundle(place)


def test_a_tensor_of_a_decision_has_its_type_and_one_of_the_weights_any(path: Path) -> None:
    changed(path, decision__biases=np.zeros(3, np.float16))
    with pytest.raises(
        BundleError, match=r"'decision/biases' must be of type float32\. Received: f"
    ):
        read_bundle(path)
    others = {f"weights__{name}": np.ones(2, kind) for name, kind in TENSOR_TYPES.items()}
    changed(path, decision__biases=np.zeros(3, np.float32), **others)
    weights = read_bundle(path).weights
    assert {weights[name].dtype for name in TENSOR_TYPES} == {*TENSOR_TYPES.values()}


@pytest.mark.parametrize("kind", [np.float16, np.float32])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 2, 4])
def test_one_number_that_is_none_is_found_wherever_it_stands(
    path: Path, kind: type[np.floating[Any]], wrong: float, place: int
) -> None:
    array = np.arange(5).astype(kind)
    array[place] = wrong
    with pytest.raises(BundleError, match="weight 'w' must hold finite numbers"):
        write_bundle(path.with_name("b.safetensors"), MANIFEST, {"v": np.ones(1, kind), "w": array})
    changed(path, weights__w=array)
    with pytest.raises(BundleError, match=r"'weights/w' holds NaN or infinity$"):
        read_bundle(path)


def test_numbers_in_another_order_of_bytes_are_not_written(tmp_path: Path) -> None:
    said = "must be one of float16, float32, int8, int16, int32, int64, uint8, uint16"
    with pytest.raises(BundleError, match=rf"weight 'w' {said}.* Received: >f4$"):
        write_bundle(tmp_path / "b.safetensors", MANIFEST, {"w": np.zeros(2, ">f4")})


def test_thresholds_are_those_of_the_decision_whatever_the_manifest_said(tmp_path: Path) -> None:
    place = tmp_path / "b.safetensors"
    stale = MANIFEST.model_copy(update={"thresholds": {"temperature": 3.0}})
    write_bundle(place, stale, WEIGHTS)
    assert read_bundle(place).manifest.thresholds == {}
    write_bundle(place, stale, WEIGHTS, decision=DECISION, outliers=OUTLIERS)
    assert read_bundle(place).manifest.thresholds == DECISION.thresholds()


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_is_no_json_is_refused_and_does_not_become_null(
    tmp_path: Path, number: float
) -> None:
    endless = MANIFEST.model_copy(update={"params": {"layers": [{"width": number}]}})
    with pytest.raises(BundleError, match="the manifest must fit into JSON: "):
        write_bundle(tmp_path / "b.safetensors", endless, WEIGHTS)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_file_or_cannot_be_opened_says_so(tmp_path: Path, path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BundleError, match=r"must be a file\. Received: something else, .*pipe$"):
        read_bundle(tmp_path / "pipe")
    with pytest.raises(BundleError, match=r"must be a file\. Received: a folder, "):
        read_bundle(tmp_path)
    with pytest.raises(
        BundleError, match=r"^no such bundle or run directory: .*none\.safetensors$"
    ):
        read_bundle(tmp_path / "none.safetensors")
    with pytest.raises(BundleError, match=r"b cannot be read: Not a directory$"):
        read_bundle(path / "b")


def test_a_bundle_whose_numbers_were_changed_is_damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    said = "all.safetensors is damaged: its numbers are not those that were written. Copy it again"
    with pytest.raises(BundleError, match=said):
        read_bundle(path)
