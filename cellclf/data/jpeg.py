"""JPEG: decoded at a reduced scale where that is enough, and refused where it says it is damaged.

libjpeg can compute an image at a half, a quarter or an eighth of its size straight from the
frequencies that the file holds, and that is faster than to compute all pixels and average them.
It also notices most damage inside the compressed data, goes on, and hands out grey from there: here
that is an error.
"""

from __future__ import annotations

import io

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from cellclf.data.header import DAMAGED, Header
from cellclf.errors import ImageError

__all__ = ["MAX_REDUCTION", "decode_jpeg"]

MAX_REDUCTION = 8
"""Blocks of a JPEG are 8 x 8: at an eighth only their means are left."""

HARMLESS = (
    "Invalid SOS parameters",  # written by some telephones
    "unknown JFIF revision",
    "Unknown Adobe color transform",
)
"""Warnings of libjpeg, by their first words, that are not about the pixels."""

UNUSUAL_SAMPLING = "Could not determine subsampling"


def decode_jpeg(content: bytes, header: Header, reduction: int = 1) -> NDArray[np.uint8]:
    """Decode the bytes of a JPEG; its orientation is not applied.

    Args:
        content: The whole file.
        header: What `cellclf.data.header.read_header` found in it.
        reduction: Power of two, 1 to `MAX_REDUCTION`: of how many stored pixels, along each axis,
            one becomes.

    Returns:
        `uint8`, RGB, of the stored height and width divided by `reduction` and rounded up.

    Raises:
        ImageError: The compressed data are damaged, or of a kind that libjpeg cannot decode.
    """
    height, width = -(-header.height // reduction), -(-header.width // reduction)
    try:
        image = _decoded(content, height, width, strict=True)
    except ValueError as error:
        reason = str(error)
        if any(words in reason for words in HARMLESS):
            image = _tolerant(content, height, width)
        elif UNUSUAL_SAMPLING in reason:
            image = _unusual(content)
        else:
            raise ImageError(DAMAGED) from None
    return image


def _decoded(content: bytes, height: int, width: int, *, strict: bool) -> NDArray[np.uint8]:
    image = simplejpeg.decode_jpeg(
        content, "RGB", min_height=height, min_width=width, strict=strict
    )
    return np.asarray(image, dtype=np.uint8)


def _tolerant(content: bytes, height: int, width: int) -> NDArray[np.uint8]:
    try:
        return _decoded(content, height, width, strict=False)
    except ValueError:
        raise ImageError(DAMAGED) from None


def _unusual(content: bytes) -> NDArray[np.uint8]:
    """Decode what has its colours stored at a resolution that simplejpeg does not know."""
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            return np.asarray(image.convert("RGB"), dtype=np.uint8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise ImageError(DAMAGED) from None
