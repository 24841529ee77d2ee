"""The numbers of a bundle, read into memory once."""

from __future__ import annotations

import hashlib
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.errors import BundleError
from cellclf.inference.bundle_header import Header, cut_short

__all__ = ["read_tensors"]


def read_tensors(
    path: Path, file: BufferedReader, header: Header
) -> tuple[dict[str, NDArray[Any]], str]:
    """Read every tensor, each into an array of its own.

    Args:
        path: What messages call the file.
        file: The file, where `read_header` left it.
        header: What `read_header` gave.

    Returns:
        The arrays by name, in the order of the file, and the SHA-256 of the whole file.

    Raises:
        BundleError: The file ended before its tensors did.
    """
    hashed = hashlib.sha256(header.content)
    tensors = {}
    for place in header.places:
        array = np.empty(place.shape, place.dtype)
        if array.size:
            block = array.reshape(-1).view(np.uint8).data
            # The file's length was right a moment ago: it may have changed since.
            if file.readinto(block) < len(block):
                raise BundleError(cut_short(path))
            hashed.update(block)
        tensors[place.name] = array
    return tensors, hashed.hexdigest()
