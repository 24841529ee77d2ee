"""Keeping a memory map that is read all through from filling the memory with its pages."""

from __future__ import annotations

import mmap

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pages"]

MOST_BYTES = 256 * 1024**2

LARGE_PAGE = 2 * 1024**2
"""Bytes that a system may map for one that is read: where it keeps the file in pages that large."""


class Pages:
    """Gives back the pages of a mapped array each time that enough of it has been read.

    The system keeps what was read of a map in the process until memory is short, which a limit on
    the process (of a container, of a scheduler) takes for use. What is given back stays in the
    system's own cache as long as there is room, so that reading it again costs little. An array
    that is in memory or no larger than what may be kept, and a system that cannot be told, are left
    alone.

    Args:
        array: What is read, row by row; a view of a map will do.
        most: Bytes that may be mapped before pages are given back.
    """

    def __init__(self, array: NDArray[np.generic], most: int = MOST_BYTES) -> None:
        below: object = array
        while isinstance(below, np.ndarray):
            below = below.base
        self._map = below if isinstance(below, mmap.mmap) and hasattr(below, "madvise") else None
        if array.nbytes <= most:
            self._map = None
        self._most = most
        self._row = LARGE_PAGE + array.nbytes // max(len(array), 1)
        self._read = 0

    def read(self, rows: int) -> None:
        """Note that so many rows were read, wherever they lie.

        Called from several threads, it need not be exact.
        """
        self._read += rows * self._row
        if self._map is not None and self._read >= self._most:
            self._read = 0
            self._map.madvise(mmap.MADV_DONTNEED)
