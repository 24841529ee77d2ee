"""Files of NumPy's that hold images: mapped into memory, not read into it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cellclf.data.archives import archive_members, unpacked_member
from cellclf.errors import DataError
from cellclf.inference.inputs import Rows

__all__ = ["ARRAY_SUFFIXES", "rows_of"]

ARRAY_SUFFIXES = (".npy", ".npz")

IMAGES = "images.npy"
"""What `numpy.savez(file, images=...)` calls the array of that name."""


def rows_of(name: str) -> Rows:
    """Return the images of a `.npy` file, or of a `.npz` file.

    Args:
        name: The file. It holds one array, or one that is called `images`, `uint8`, RGB,
            `(n, height, width, 3)`. What a `.npz` file holds is unpacked into the cache, once.

    Raises:
        DataError: It cannot be read, or holds something else. Nothing is unpickled.
        RunError: The cache cannot be written to.
    """
    path = Path(name)
    if path.suffix.lower() == ".npz":
        infos = {info.filename: info for info in archive_members(path)}
        if IMAGES not in infos and len(infos) != 1:
            raise DataError(f"{name} must hold an array 'images'. Received: {_named([*infos])}")
        path = unpacked_member(path, infos.get(IMAGES) or next(iter(infos.values())))
    try:
        images = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{name} cannot be read as a file of images: {error}") from error
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3 or 0 in images.shape:
        raise DataError(
            f"the images in {name} must be uint8 RGB, (n, height, width, 3). "
            f"Received: {images.dtype} of shape {images.shape}"
        )
    return Rows(name=name, path=path, count=len(images))


def _named(members: list[str]) -> str:
    return ", ".join(repr(name.removesuffix(".npy")) for name in members) or "no array"
