"""Images for a network, a chunk at a time, the next one decoded while the network is at work."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from cellclf.data.decode import resize
from cellclf.data.reading import Square, read_square
from cellclf.data.stain_focus import MEASURES, stain_and_focus_of
from cellclf.errors import DataError
from cellclf.inference.inputs import Input, Inputs
from cellclf.processors import processor_count
from cellclf.terms import ResizeMode

__all__ = ["Chunk", "array_chunks", "checked_images", "chunk_length", "input_chunks"]

FEWEST_IN_CHUNK = 64
"""Images that are read together and answered together, whatever number suits the engine."""

CHUNKS_AHEAD = 2
"""Chunks being decoded while one is looked at: enough to hide a slow file, little memory."""

READ_TOGETHER = 8
"""Images that a thread reads before it looks for other work, which costs some microseconds."""

FAR_READERS = 32
"""Images read at once where reading is mostly waiting for another machine."""

Images = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some images, ready for the network.

    Attributes:
        images: `uint8`, RGB, `(n, size, size, 3)`.
        ids: What each of them is called.
        content: What each of them shows, as SHA-256 in hexadecimal.
        looks: What each of them looks like, as `stain_and_focus` has it, shape `(n, 7)`; `None`
            where nobody asked.
        unreadable: Reason by id, for what gave no image.
        asked: Ids of all that was to be read, in order.
    """

    images: Images
    ids: tuple[str, ...]
    content: tuple[str, ...]
    looks: NDArray[np.float32] | None
    unreadable: dict[str, str]
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """What one reading gave."""

    id: str
    square: Square
    look: NDArray[np.float64] | None


def chunk_length(batch: int) -> int:
    """Return how many images make a chunk: a batch, or several small ones."""
    return batch * max(1, FEWEST_IN_CHUNK // batch)


def input_chunks(
    inputs: Inputs, *, size: int, mode: ResizeMode, length: int, looks: bool = False
) -> Generator[Chunk, None, None]:
    """Read images in their order; one that cannot be read is reported and passed over.

    Args:
        inputs: Where they are.
        size: Height and width to bring them to, in pixels.
        mode: How an image that is not square becomes square.
        length: How many make a chunk.
        looks: Whether to measure what they look like.
    """

    def read(places: range) -> list[_Read]:
        return [_read(inputs[place], size, mode, looks=looks) for place in places]

    step = 1 if inputs.far else READ_TOGETHER
    starts = iter(range(0, len(inputs), length))
    pending: deque[list[Future[list[_Read]]]] = deque()
    pool = ThreadPoolExecutor(max_workers=FAR_READERS if inputs.far else processor_count())
    try:
        while True:
            for start in islice(starts, CHUNKS_AHEAD + 1 - len(pending)):
                places = range(start, min(start + length, len(inputs)))
                groups = (places[first : first + step] for first in range(0, len(places), step))
                pending.append([pool.submit(read, group) for group in groups])
            if not pending:
                return
            found = [one for group in pending.popleft() for one in group.result()]
            yield _chunk(found, size, looks=looks)
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


def _read(one: Input, size: int, mode: ResizeMode, *, looks: bool) -> _Read:
    square = read_square(one.sample, one.images, size=size, mode=mode)
    look = None
    if looks and square.image is not None:
        look = stain_and_focus_of(square.image)
    return _Read(one.sample.id, square, look)


def _chunk(found: Sequence[_Read], size: int, *, looks: bool) -> Chunk:
    read = [one for one in found if one.square.image is not None]
    images = [one.square.image for one in read if one.square.image is not None]
    measured = [one.look for one in read if one.look is not None]
    return Chunk(
        images=np.stack(images) if images else np.zeros((0, size, size, 3), np.uint8),
        ids=tuple(one.id for one in read),
        content=tuple(one.square.content for one in read),
        looks=np.array(measured, np.float32).reshape(-1, MEASURES) if looks else None,
        unreadable={one.id: one.square.reason for one in found if one.square.image is None},
        asked=tuple(one.id for one in found),
    )
