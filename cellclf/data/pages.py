"""Keeping a memory map that is read all through from filling the memory with its pages."""

from __future__ import annotations

import mmap

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pages"]

MOST_BYTES = 256 * 1024**2


class Pages:
    """Gives back the pages of a mapped array each time that enough of it has been read.

    The system keeps what was read of a map in the process until memory is short, which a limit on
    the process (of a container, of a scheduler) takes for use. What is given back stays in the
    system's own cache as long as there is room, so that reading it again costs little. An array
    that is in memory, and a system that cannot be told, are left alone.

    Args:
        array: What is read; a view of a map will do.
        most: Bytes that are read before pages are given back.
    """

    def __init__(self, array: NDArray[np.generic], most: int = MOST_BYTES) -> None:
        below: object = array
        while isinstance(below, np.ndarray):
            below = below.base
        self._map = below if isinstance(below, mmap.mmap) and hasattr(below, "madvise") else None
        self._most = most
        self._read = 0

    def read(self, size: int) -> None:
        """Note that `size` bytes were read; called from several threads, it need not be exact."""
        self._read += size
        if self._map is not None and self._read >= self._most:
            self._read = 0
            self._map.madvise(mmap.MADV_DONTNEED)
