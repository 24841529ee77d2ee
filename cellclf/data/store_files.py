"""What an image store is on disk: one array, and a record by which it is known to be whole.

The record holds a checksum of every block of rows. A store is used only if all of them are right,
so bits that a disk lost are noticed before a network learns from them.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from cellclf.data.decode import DECODE_VERSION
from cellclf.data.store_record import read_record, write_record
from cellclf.terms import ResizeMode

__all__ = [
    "PIXELS",
    "VERSIONS",
    "Block",
    "Form",
    "read_store",
    "sync_folder",
    "write_store",
]

PIXELS = "images.npy"

FORMAT = 2
"""Of the files: raise it when they are laid out otherwise."""

VERSIONS: Mapping[str, str | int] = {
    "format": FORMAT,
    "decode_version": DECODE_VERSION,
    "opencv": cv2.__version__,
    "simplejpeg": simplejpeg.__version__,
}
"""What pixels may depend on besides the files: part of a store's name."""

BLOCK_BYTES = 2 << 20
MAX_BLOCK_ROWS = 64

FLUSHED_BYTES = 16 << 20
"""What is sent to the disk at one time while the rest is decoded, so that the end waits less."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """How many images of what size a store holds, and in what blocks they are worked on."""

    n: int
    size: int
    mode: ResizeMode

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the array."""
        return self.n, self.size, self.size, 3

    @property
    def row_bytes(self) -> int:
        """Bytes of one image."""
        return self.size * self.size * 3

    @property
    def blocks(self) -> tuple[range, ...]:
        """Rows of each block, in order."""
        rows = max(1, min(MAX_BLOCK_ROWS, BLOCK_BYTES // self.row_bytes))
        return tuple(range(first, min(first + rows, self.n)) for first in range(0, self.n, rows))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Block:
    """Some rows of a store, ready to be written.

    Attributes:
        images: `uint8`, `(rows, size, size, 3)`.
        content: Hash of each, as `cellclf.data.reading` has it.
        reasons: Reason by row of the store, for each that is no usable image.
    """

    images: NDArray[np.uint8]
    content: tuple[str, ...]
    reasons: dict[int, str]

    @property
    def checksum(self) -> int:
        """CRC-32 of the pixels: against accidents, not against malice."""
        return zlib.crc32(self.images.data)


def write_store(
    folder: Path, form: Form, blocks: Iterable[tuple[Block, int]]
) -> tuple[tuple[str, ...], dict[int, str]]:
    """Write the files of a store into a folder, down to the disk.

    Args:
        folder: An empty folder.
        form: Of the store.
        blocks: Its blocks in order, each with its checksum.

    Returns:
        Content of every row; reasons by row. Only those of rows whose file could be read are
        recorded: whether a file is missing is asked anew at each opening.

    Raises:
        OSError: No room, or no right to write.
    """
    content: list[str] = []
    reasons: dict[int, str] = {}
    checksums: list[int] = []
    # Written as a plain file, not through a map: a full disk is then an error, not SIGBUS.
    with (folder / PIXELS).open("wb") as file:
        header: dict[str, Any] = {"descr": "|u1", "fortran_order": False, "shape": form.shape}
        np.lib.format.write_array_header_1_0(file, header)
        flushed = 0
        for block, checksum in blocks:
            file.write(block.images.data)
            content += block.content
            reasons |= block.reasons
            checksums.append(checksum)
            if file.tell() - flushed > FLUSHED_BYTES:
                _sync(file)
                flushed = file.tell()
        _sync(file)
    record = {
        **VERSIONS,
        "shape": form.shape,
        "mode": form.mode,
        "unreadable": {row: reason for row, reason in reasons.items() if content[row]},
        "checksums": checksums,
    }
    write_record(folder, record)
    sync_folder(folder)
    return tuple(content), reasons


def read_store(
    folder: Path, form: Form, pool: ThreadPoolExecutor | None
) -> tuple[NDArray[np.uint8], dict[int, str]] | None:
    """Pixels, as a read-only memory map, and reasons of a store; `None` if it is not whole.

    Args:
        folder: Of the store.
        form: What it should have.
        pool: Compares the checksums of all pixels; `None` where this process has just written them:
            they would come from memory, and tell nothing of the disk.
    """
    try:
        record = read_record(folder)
        unreadable = {int(row): str(reason) for row, reason in record["unreadable"].items()}
        images = np.load(folder / PIXELS, mmap_mode="r", allow_pickle=False)
        whole = (
            isinstance(images, np.memmap)
            and images.shape == form.shape == tuple(record["shape"])
            and images.dtype == np.uint8
            and images.flags.c_contiguous
            and (
                pool is None
                or record["checksums"] == _checksums(folder / PIXELS, images.offset, form, pool)
            )
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return (images, unreadable) if whole else None


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder down to the disk, where the system can."""
    with suppress(OSError):  # Windows opens no folders, and writes their names through
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _checksums(path: Path, offset: int, form: Form, pool: ThreadPoolExecutor) -> list[int]:
    def checksum(rows: range) -> int:
        # Read rather than mapped: a disk that fails is then an error, not SIGBUS.
        with path.open("rb") as file:
            file.seek(offset + rows.start * form.row_bytes)
            return zlib.crc32(file.read(len(rows) * form.row_bytes))

    return list(pool.map(checksum, form.blocks))


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
