"""From a sample's address to its content: file, member of an archive, box, or row of an array.

A file may be a local one, or lie at any address that `cellclf.data.addresses` reads.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellclf.data.addresses import is_address, read_address
from cellclf.data.archives import read_member
from cellclf.data.decode import decode, decode_square, resize
from cellclf.data.decoded_fields import decoded_field
from cellclf.data.header import read_header
from cellclf.data.samples import Sample
from cellclf.errors import ImageError
from cellclf.terms import ResizeMode

__all__ = [
    "UNREAD",
    "Square",
    "content_hash",
    "content_or_unread",
    "image_size",
    "read_sample",
    "read_square",
    "read_stored",
]

Box = tuple[int, int, int, int]

UNREAD = ""
"""Content of a file that could not be read at all."""

MAX_BYTES = 1 << 30
"""Longest file or unpacked member that is read: 1 GiB, more than any 100-megapixel image needs."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Square:
    """What one reading of a sample gave.

    Attributes:
        content: What `content_hash` gives; `UNREAD` where the file could not be read at all.
        image: `uint8`, `(size, size, 3)`, RGB; `None` where there is no usable image.
        reason: Why there is none, or an empty string.
    """

    content: str
    image: NDArray[np.uint8] | None
    reason: str


def content_hash(sample: Sample, images: NDArray[np.uint8] | None) -> str:
    """Name a sample by what it shows, not by what it is called.

    Args:
        sample: Where the image is.
        images: `uint8`, `(n, height, width, 3)`: what `Sample.index` points into, if anything.

    Returns:
        SHA-256 in hexadecimal of the bytes of the file or archive member, or of the shape and
        pixels of the row; followed by the box where there is one.

    Raises:
        ImageError: The file cannot be read; whether it is an image is not looked at.
    """
    if sample.path is None:
        return _hash(_row(sample, images), sample.box)
    return _hash(_bytes(sample), sample.box)


def content_or_unread(sample: Sample, images: NDArray[np.uint8] | None) -> tuple[str, str]:
    """Return what `content_hash` does, and an empty string; or `UNREAD`, and the reason."""
    try:
        return content_hash(sample, images), ""
    except ImageError as error:
        return UNREAD, str(error)


def read_sample(sample: Sample, images: NDArray[np.uint8] | None) -> tuple[str, NDArray[np.uint8]]:
    """Read one sample.

    Args:
        sample: Where the image is.
        images: `uint8`, `(n, height, width, 3)`: what `Sample.index` points into, if anything.

    Returns:
        What `content_hash` gives, and the pixels: `uint8`, `(height, width, 3)`, RGB, cut to the
        sample's box.

    Raises:
        ImageError: The file cannot be read, is no usable image, or does not contain the box.
    """
    digest, _, image = read_stored(sample, images)
    return digest, image


def read_stored(
    sample: Sample, images: NDArray[np.uint8] | None
) -> tuple[str, bytes, NDArray[np.uint8]]:
    """Like `read_sample`, with the bytes of the file or member between; empty for a row."""
    if sample.path is None:
        row = _row(sample, images)
        return _hash(row, sample.box), b"", _cut(row, sample.box)
    content = _bytes(sample)
    if sample.box is None:
        return _hash(content, None), content, decode(content)
    return _hash(content, sample.box), content, _cell(content, sample.box).copy()


def image_size(sample: Sample) -> tuple[int, int]:
    """Return height and width in pixels of the whole image that a sample lies in.

    Args:
        sample: One that has a path; its box is not looked at.

    Raises:
        ImageError: The file cannot be read, or its header is that of no usable image.
    """
    return read_header(_bytes(sample)).upright_size


def read_square(
    sample: Sample, images: NDArray[np.uint8] | None, *, size: int, mode: ResizeMode
) -> Square:
    """Read one sample as a network is shown it, for training and prediction alike.

    The file is read once: hash and pixels are of the same bytes, whoever writes to it meanwhile.

    Args:
        sample: Where the image is.
        images: `uint8`, `(n, height, width, 3)`: what `Sample.index` points into, if anything.
        size: Pixels along each side, at least 1.
        mode: How an image becomes square; see `cellclf.data.decode.resize`.

    Raises:
        DataError: A bad `size` or `mode`. A sample that cannot be read raises nothing.
    """
    content = UNREAD
    try:
        if sample.path is None:
            row = _row(sample, images)
            content = _hash(row, sample.box)
            image = resize(_cut(row, sample.box), size, mode)
        else:
            file = _bytes(sample)
            content = _hash(file, sample.box)
            if sample.box is None:
                image = decode_square(file, size, mode)
            else:
                image = resize(_cell(file, sample.box), size, mode)
    except ImageError as error:
        return Square(content=content, image=None, reason=str(error))
    return Square(content=content, image=image, reason="")


def _hash(content: bytes | NDArray[np.uint8], box: Box | None) -> str:
    if isinstance(content, bytes):
        digest = hashlib.sha256(content)
    else:
        digest = hashlib.sha256(f"pixels {content.shape} ".encode())
        digest.update(np.ascontiguousarray(content).data)
    if box is not None:
        digest.update(f" box {box}".encode())
    return digest.hexdigest()


def _row(sample: Sample, images: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    index = sample.index
    if images is None or index is None or not 0 <= index < len(images):
        held = 0 if images is None else len(images)
        raise ImageError(f"there is no image {index}: the array holds {held}")
    row: NDArray[np.uint8] = images[index]
    return row


def _bytes(sample: Sample) -> bytes:
    if sample.member is None and is_address(str(sample.path)):
        return _bounded(read_address(str(sample.path), most=MAX_BYTES + 1))
    path = Path(str(sample.path))
    try:
        if sample.member is not None:
            return _bounded(read_member(path, sample.member, most=MAX_BYTES + 1))
        with path.open("rb", buffering=0) as file:
            # No more than is there is asked for: Python would set that much memory aside first.
            stated = os.fstat(file.fileno()).st_size
            content = file.read(min(stated, MAX_BYTES) + 1)
    except FileNotFoundError:
        raise ImageError("the file does not exist") from None
    except IsADirectoryError:
        raise ImageError("this is a folder, not a file") from None
    except PermissionError:
        raise ImageError("the file may not be read: permission denied") from None
    except OSError as error:
        raise ImageError(f"the file cannot be read: {error.strerror or error}") from None
    return _bounded(content)


def _bounded(content: bytes) -> bytes:
    if len(content) > MAX_BYTES:
        raise ImageError(f"the file is longer than {MAX_BYTES >> 30} GiB")
    return content


def _cell(content: bytes, box: Box) -> NDArray[np.uint8]:
    """Cut a cell from its field; cells of one field follow each other, so it is decoded once."""
    return _cut(decoded_field(_hash(content, None), content), box)


def _cut(image: NDArray[np.uint8], box: Box | None) -> NDArray[np.uint8]:
    if box is None:
        return image
    left, top, right, bottom = box
    height, width = image.shape[:2]
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise ImageError(
            f"the box must lie inside the image of {width} x {height} pixels. "
            f"Received: left, top, right, bottom = {box}"
        )
    return image[top:bottom, left:right]
