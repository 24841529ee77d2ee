"""Images for a network, a chunk at a time, the next one decoded while the network is at work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellclf.data.decode import resize
from cellclf.data.reading import read_square
from cellclf.data.samples import Sample
from cellclf.errors import DataError
from cellclf.processors import processors
from cellclf.terms import ResizeMode

__all__ = ["Chunk", "array_chunks", "checked_images", "file_chunks"]

CHUNKS_AHEAD = 2
"""Chunks being decoded while one is looked at: enough to hide a slow file, little memory."""

Images = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some images, ready for the network.

    Attributes:
        images: `uint8`, RGB, `(n, size, size, 3)`.
        paths: Where each of them came from.
        content: What each of them shows, as SHA-256 in hexadecimal.
        unreadable: Reason by path, for the files that gave no image.
    """

    images: Images
    paths: tuple[Path, ...]
    content: tuple[str, ...]
    unreadable: dict[str, str]


def file_chunks(
    paths: Sequence[Path], *, size: int, mode: ResizeMode, length: int
) -> Iterator[Chunk]:
    """Read image files in their order; one that cannot be read is reported and passed over.

    Args:
        paths: The files.
        size: Height and width to bring them to, in pixels.
        mode: How an image that is not square becomes square.
        length: How many files make a chunk.
    """
    groups = [paths[start : start + length] for start in range(0, len(paths), length)]
    pool = ThreadPoolExecutor(max_workers=processors())
    try:
        pending: list[list[Future[tuple[str, Images] | str]]] = []
        for number, group in enumerate(groups):
            while len(pending) <= CHUNKS_AHEAD and number + len(pending) < len(groups):
                ahead = groups[number + len(pending)]
                pending.append([pool.submit(_read, path, size, mode) for path in ahead])
            yield _chunk(group, [future.result() for future in pending.pop(0)], size)
    finally:
        pool.shutdown(cancel_futures=True)


def array_chunks(images: Images, *, size: int, mode: ResizeMode, length: int) -> Iterator[Images]:
    """Resize the images of an array, `length` at a time.

    Args:
        images: `uint8`, RGB, `(n, height, width, 3)`.
        size: Height and width to bring them to, in pixels.
        mode: How an image that is not square becomes square.
        length: How many images make a chunk.
    """
    for start in range(0, len(images), length):
        yield np.stack([resize(image, size, mode) for image in images[start : start + length]])


def checked_images(images: NDArray[np.generic]) -> Images:
    """Return an array of images as `(n, height, width, 3)`.

    Args:
        images: `uint8`, RGB, `(n, height, width, 3)`, or one image, `(height, width, 3)`.

    Raises:
        DataError: The array is something else.
    """
    if not isinstance(images, np.ndarray):
        raise DataError(
            "`images` must be one array; `np.stack` makes it of arrays of one size, and "
            "`np.asarray(PIL.Image.open(path).convert('RGB'))` of a file. "
            f"Received: {type(images).__name__}"
        )
    if images.dtype != np.uint8:
        raise DataError(
            "`images` must be uint8, 0-255; `(255 * images).round().astype('uint8')` makes it of "
            f"numbers from 0 to 1. Received: {images.dtype}"
        )
    stacked = np.asarray(images[None] if images.ndim == 3 else images, dtype=np.uint8)
    if stacked.ndim != 4 or stacked.shape[-1] != 3 or 0 in stacked.shape[1:]:
        raise DataError(
            "`images` must be RGB, (n, height, width, 3) or (height, width, 3). "
            f"Received: shape {images.shape}"
        )
    return stacked


def _read(path: Path, size: int, mode: ResizeMode) -> tuple[str, Images] | str:
    """The hash of one image and its pixels, or the reason why there are none."""
    sample = Sample(id=str(path), label="", path=str(path))
    square = read_square(sample, None, size=size, mode=mode)
    return square.reason if square.image is None else (square.content, square.image)


def _chunk(paths: Sequence[Path], found: Sequence[tuple[str, Images] | str], size: int) -> Chunk:
    pairs = list(zip(paths, found, strict=True))
    read = [(path, *one) for path, one in pairs if not isinstance(one, str)]
    images = [image for _, _, image in read]
    return Chunk(
        images=np.stack(images) if images else np.zeros((0, size, size, 3), np.uint8),
        paths=tuple(path for path, _, _ in read),
        content=tuple(content for _, content, _ in read),
        unreadable={str(path): reason for path, reason in pairs if isinstance(reason, str)},
    )
