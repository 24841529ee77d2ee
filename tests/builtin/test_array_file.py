"""Images and labels in one NumPy file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cellclf.builtin.array_file import load
from cellclf.data.samples import Samples
from cellclf.errors import DataError
from cellclf.specs import NoParams

IMAGES = np.arange(6 * 4 * 5 * 3, dtype=np.uint8).reshape(6, 4, 5, 3)
LABELS = np.array(["b", "a", "b", "a", "b", "c"])


def read(folder: Path, **arrays: Any) -> Samples:
    file = folder / "cells.npz"
    np.savez(file, **{"images": IMAGES, "labels": LABELS} | arrays)
    return load(NoParams(), root=file)


def test_a_row_is_a_sample(tmp_path: Path) -> None:
    samples = read(tmp_path)
    assert samples.classes == ("a", "b", "c")
    assert [(s.id, s.label, s.index) for s in samples][:2] == [("0", "b", 0), ("1", "a", 1)]
    assert samples.images is not None
    np.testing.assert_array_equal(samples.images, IMAGES)


def test_numbers_are_classes_in_the_order_of_numbers(tmp_path: Path) -> None:
    samples = read(tmp_path, labels=np.array([10, 9, 10, 9, 100, 9]))
    assert samples.classes == ("9", "10", "100")
    assert samples.labels.tolist() == [1, 0, 1, 0, 2, 0]


def test_groups_and_splits_are_read_and_may_be_empty(tmp_path: Path) -> None:
    samples = read(
        tmp_path,
        groups=np.array(["p1", "p1", "", "p2", "p2", ""]),
        splits=np.array(["train", "Training", "val", "test", "", ""]),
    )
    assert [dict(s.groups) for s in samples][:3] == [{"group": "p1"}, {"group": "p1"}, {}]
    assert [s.split for s in samples] == ["train", "train", "validation", "test", None, None]


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"images": IMAGES.astype(np.float32)}, "must be uint8 RGB"),
        ({"images": IMAGES[..., :1]}, r"Received: uint8 of shape \(6, 4, 5, 1\)"),
        ({"labels": LABELS[:5]}, r"must be texts or whole numbers, shape \(6,\)"),
        ({"labels": np.arange(6) / 2}, "Received: float64"),
        ({"labels": np.array(LABELS, dtype=object)}, "cannot be read"),
        ({"splits": np.array(["fold 1"] * 6)}, "must be names of parts .* Received: 'fold 1'"),
    ],
)
def test_arrays_of_another_kind_are_refused(
    tmp_path: Path, arrays: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        read(tmp_path, **arrays)


def test_what_is_no_file_of_arrays_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", IMAGES)
    np.savez(tmp_path / "less.npz", images=IMAGES)
    (tmp_path / "text.npz").write_text("images, labels")
    for name, said in (
        ("none.npz", "must be a .npz file"),
        ("one.npy", "cannot be read"),
        ("less.npz", "Missing: labels"),
        ("text.npz", "cannot be read"),
    ):
        with pytest.raises(DataError, match=said):
            load(NoParams(), root=tmp_path / name)
