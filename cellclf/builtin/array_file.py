"""The dataset `arrays`: images, labels and what else is known, in one NumPy file."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.data.samples import Sample, Samples
from cellclf.errors import DataError
from cellclf.specs import NoParams
from cellclf.terms import PART_NAMES, first_few, part_named

__all__ = ["load"]

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)
"""What NumPy and `zipfile` raise on a file that is damaged, or holds something else."""

TOLD = ("labels", "groups", "splits")
"""Arrays of one entry an image; only the first must be there."""


def load(params: NoParams, *, root: Path) -> Samples:
    """Read a set from a `.npz` file, as `numpy.savez(file, images=..., labels=...)` writes it.

    Args:
        params: There are none.
        root: The file. It holds `images`, `uint8`, RGB, `(n, height, width, 3)`; `labels`, `(n,)`,
            texts or whole numbers; and where known `groups`, `(n,)`, equal for images that must
            stay together, and `splits`, `(n,)`, names of parts. An empty group or split means that
            there is none.

    Returns:
        Samples whose ids are the numbers of the images; classes in the order that NumPy sorts the
        labels in.

    Raises:
        DataError: No such file, or arrays of another kind. Nothing is unpickled.
    """
    del params
    arrays = _arrays(root)
    images = _images(root, arrays)
    told = {name: _entries(root, arrays, name, len(images)) for name in TOLD if name in arrays}
    labels = told["labels"]
    groups, splits = (told.get(name, [""] * len(images)) for name in ("groups", "splits"))
    unknown = sorted({text for text in splits if text and part_named(text) is None})
    if unknown:
        raise DataError(
            f"'splits' in {root} must be names of parts ({', '.join(sorted(PART_NAMES))}) or "
            f"empty. Received: {first_few(map(repr, unknown))}"
        )
    digits = len(str(max(len(images) - 1, 0)))
    samples = tuple(
        Sample(
            id=f"{row:0{digits}d}",
            label=label,
            index=row,
            groups={"group": group} if group else {},
            split=part_named(split),
        )
        for row, (label, group, split) in enumerate(zip(labels, groups, splits, strict=True))
    )
    classes = tuple(str(name) for name in np.unique(arrays["labels"]) if str(name))
    return Samples(samples=samples, classes=classes, images=images)


def _arrays(root: Path) -> Mapping[str, NDArray[Any]]:
    if not root.is_file():
        raise DataError(f"the data must be a .npz file of arrays. Received: {root}")
    try:
        # Opened here: NumPy leaves a damaged file open that it opened itself.
        with root.open("rb") as file, np.load(file, allow_pickle=False) as found:
            arrays = {name: found[name] for name in ("images", *TOLD) if name in found.files}
    # A file that is one array has no `files`, and cannot be entered.
    except (*DAMAGE, AttributeError, TypeError) as error:
        raise DataError(f"{root} cannot be read as a .npz file of arrays: {error}") from error
    missing = [name for name in ("images", "labels") if name not in arrays]
    if missing:
        raise DataError(f"{root} must hold the arrays 'images' and 'labels'. Missing: {missing[0]}")
    return arrays


def _images(root: Path, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.uint8]:
    images = arrays["images"]
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3 or 0 in images.shape:
        raise DataError(
            f"'images' in {root} must be uint8 RGB, (n, height, width, 3). "
            f"Received: {images.dtype} of shape {images.shape}"
        )
    return images


def _entries(root: Path, arrays: Mapping[str, NDArray[Any]], name: str, count: int) -> list[str]:
    array = arrays[name]
    if array.shape != (count,) or array.dtype.kind not in "iuU":
        raise DataError(
            f"{name!r} in {root} must be texts or whole numbers, shape ({count},). "
            f"Received: {array.dtype} of shape {array.shape}"
        )
    return [str(entry) for entry in array]
