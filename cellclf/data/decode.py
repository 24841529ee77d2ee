"""From the bytes of an image file to RGB pixels, and from those to the network's size.

There is one way to do either, for training, evaluation and prediction alike: a network that was
trained on one decoder's pixels and asked about another's answers a question it was not taught.
"""

from __future__ import annotations

from typing import Any, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from cellclf.data.header import DAMAGED, UPRIGHT, Header, read_header
from cellclf.data.jpeg import MAX_REDUCTION, decode_jpeg
from cellclf.errors import DataError, ImageError
from cellclf.terms import ResizeMode

__all__ = [
    "DECODE_VERSION",
    "IMAGE_SUFFIXES",
    "decode",
    "decode_square",
    "resize",
    "unsquare",
]

DECODE_VERSION = 2
"""Part of every store's key and of every bundle: raise it when any pixel may come out otherwise."""

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Endings, in lower case, by which a folder scan knows an image."""

FULL_8, FULL_16 = 255, 65_535
SIXTEEN_TO_EIGHT = 257  # 65535 / 255: white stays white
BGR, BGRA = 3, 4  # channels

PIXELS_AT_ONCE = 1 << 16
"""Pixels that are laid over white at one time: what that needs besides stays small."""

# OpenCV writes its own account of a damaged file to the terminal; ours is in the exception.
# Version 4 has the switch in one place and version 5 in another.
if hasattr(cv2, "setLogLevel"):
    cv2.setLogLevel(0)
else:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def decode(content: bytes) -> NDArray[np.uint8]:
    """Decode the bytes of a JPEG, PNG, BMP, TIFF or WebP file.

    Grey is repeated over the channels, a palette looked up, CMYK converted, 16 bits divided by 257,
    transparency laid over white (the empty ground of a bright-field image), the EXIF orientation
    applied; of several pages or frames the first is taken.

    Args:
        content: The whole file.

    Returns:
        `uint8`, `(height, width, 3)`, RGB, 0-255.

    Raises:
        ImageError: The bytes are no such image, are incomplete or damaged, hold pixels that are
            not whole numbers of up to 16 bits, or more than `cellclf.data.header.MAX_PIXELS`.

    Example:
        >>> red = np.zeros((4, 6, 3), np.uint8)
        >>> red[..., 2] = 255  # OpenCV's order is BGR
        >>> decode(cv2.imencode(".png", red)[1].tobytes())[0, 0].tolist()
        [255, 0, 0]
    """
    return _decode(content, read_header(content))


def decode_square(content: bytes, size: int, mode: ResizeMode) -> NDArray[np.uint8]:
    """Decode the bytes of an image file and bring it to a square: what a network is shown.

    A JPEG is decoded at a half, a quarter or an eighth of its size where that is still no smaller
    than wanted. `resize` averages over the same halves, so other kinds of files come out nearly
    alike; `benchmarks/reduced_decoding.py` measures how nearly, and what a network makes of it.

    Args:
        content: The whole file.
        size: Pixels along each side of the result, at least 1.
        mode: As `resize` has it.

    Returns:
        `uint8`, `(size, size, 3)`, RGB; a new array.

    Raises:
        ImageError: As `decode`.
        DataError: An unknown mode or a size below 1.

    Example:
        >>> blank = cv2.imencode(".jpg", np.full((40, 60, 3), 255, np.uint8))[1].tobytes()
        >>> decode_square(blank, 8, "pad").shape
        (8, 8, 3)
    """
    _check_square(size, mode)
    header = read_header(content)
    sides = header.height, header.width
    reduction = _halvings(max(sides) if mode == "pad" else min(sides), size)
    return resize(_decode(content, header, min(reduction, MAX_REDUCTION)), size, mode)


def _decode(content: bytes, header: Header, reduction: int = 1) -> NDArray[np.uint8]:
    if header.kind == "JPEG":
        return _upright(decode_jpeg(content, header, reduction), header.orientation)
    try:
        stored = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        raise ImageError(DAMAGED) from None
    if stored is None:
        raise ImageError(DAMAGED)
    if stored.dtype not in (np.uint8, np.uint16):
        raise ImageError(f"pixels must be whole numbers of 8 or 16 bits. Received: {stored.dtype}")
    return _upright(_rgb(np.asarray(stored, dtype=stored.dtype), header), header.orientation)


def _rgb(stored: NDArray[np.integer[Any]], header: Header) -> NDArray[np.uint8]:
    full = FULL_8 if stored.dtype == np.uint8 else FULL_16
    clear = None
    if stored.ndim == 2 and header.transparent is not None:
        clear = stored == round(header.transparent * full)
    if full == FULL_16:
        # Rounded to the nearest; no number of 16 bits is half way, as 257 is odd.
        stored = np.asarray(cv2.convertScaleAbs(stored, alpha=1 / SIXTEEN_TO_EIGHT))
    image = stored.astype(np.uint8, copy=False)
    if image.ndim == 2:  # rows and columns alone: grey
        rgb = _converted(image, cv2.COLOR_GRAY2RGB)
        if clear is not None:
            rgb[clear] = FULL_8
        return rgb
    if image.shape[2] == BGRA:
        return _over_white(image, header.premultiplied)
    if image.shape[2] == BGR:
        return _converted(image, cv2.COLOR_BGR2RGB)
    raise ImageError(f"there must be 1, 3 or 4 channels. Received: {image.shape[2]}")


def _converted(image: NDArray[np.uint8], conversion: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, conversion), dtype=np.uint8)


def _over_white(image: NDArray[np.uint8], premultiplied: bool) -> NDArray[np.uint8]:
    """Lay `(height, width, 4)` in OpenCV's order over white, some rows at a time."""
    rgb = _converted(image, cv2.COLOR_BGRA2RGB)
    rows = max(1, PIXELS_AT_ONCE // image.shape[1])
    for top in range(0, len(image), rows):
        alpha = image[top : top + rows, :, 3:].astype(np.uint16)  # 255 * 255 fits
        if alpha.min() == FULL_8:
            continue
        colour = rgb[top : top + rows].astype(np.uint16)
        if not premultiplied:
            colour = (colour * alpha + FULL_8 // 2) // FULL_8
        rgb[top : top + rows] = np.minimum(colour + (FULL_8 - alpha), FULL_8)
    return rgb


def _upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo the turn and mirroring that EXIF orientations 2 to 8 stand for."""
    if orientation == UPRIGHT:
        return image
    if orientation >= 5:  # 5 to 8 are stored with rows and columns exchanged
        image = image.transpose(1, 0, 2)
    # After that exchange each orientation is upright but for these mirrorings.
    if orientation in {3, 4, 7, 8}:
        image = image[::-1]
    if orientation in {2, 3, 6, 7}:
        image = image[:, ::-1]
    return np.ascontiguousarray(image)


def resize(image: NDArray[np.uint8], size: int, mode: ResizeMode) -> NDArray[np.uint8]:
    """Bring an image to a square of `size` pixels.

    An axis that shrinks to half or less is averaged over 2, 4, 8, ... pixels first: every stored
    pixel counts, none is skipped, so there is no moire on granules. What is left, a shrinking to
    more than half or an enlarging, is interpolated linearly (cubic would ring around the nucleus
    and invent darker and lighter rims that the stain did not make).

    Args:
        image: `uint8`, `(height, width, 3)`.
        size: Pixels along each side of the result, at least 1.
        mode: `"stretch"` fills the square, `"pad"` keeps the shape of the cell, centres it, and
            fills the rest with the median colour of the image's border.

    Returns:
        `uint8`, `(size, size, 3)`; a new array.

    Raises:
        DataError: An unknown mode or a size below 1.

    Example:
        >>> resize(np.full((10, 20, 3), 7, np.uint8), 8, "pad").shape
        (8, 8, 3)
    """
    _check_square(size, mode)
    top, left, height, width = _place(image.shape[0], image.shape[1], size, mode)
    inner = _scale(image, height, width)
    if mode == "stretch":
        return inner
    border = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]])
    canvas = np.empty((size, size, 3), np.uint8)
    canvas[:] = np.median(border, axis=0)
    canvas[top : top + height, left : left + width] = inner
    return canvas


def unsquare(
    values: NDArray[np.float32], height: int, width: int, mode: ResizeMode
) -> NDArray[np.float32]:
    """Bring numbers of each pixel of a square that `resize` made back to the image's own shape.

    Args:
        values: Shape `(size, size)`.
        height: Of the image before.
        width: Likewise.
        mode: As `resize` was given it.

    Returns:
        Shape `(height, width)`, interpolated linearly.

    Example:
        >>> unsquare(np.eye(8, dtype=np.float32), 10, 20, "pad").shape
        (10, 20)
    """
    top, left, inner_height, inner_width = _place(height, width, len(values), mode)
    inner = values[top : top + inner_height, left : left + inner_width]
    return np.asarray(cv2.resize(inner, (width, height)), dtype=np.float32)


def _place(height: int, width: int, size: int, mode: ResizeMode) -> tuple[int, int, int, int]:
    """First row, first column, height and width that an image gets in its square."""
    if mode == "stretch":
        return 0, 0, size, size
    longest = max(height, width)
    inner_height = max(1, round(height * size / longest))
    inner_width = max(1, round(width * size / longest))
    return (size - inner_height) // 2, (size - inner_width) // 2, inner_height, inner_width


def _check_square(size: int, mode: ResizeMode) -> None:
    if size < 1:
        raise DataError(f"`size` must be at least 1. Received: size={size}")
    if mode not in get_args(ResizeMode):
        raise DataError(f"`mode` must be 'stretch' or 'pad'. Received: mode={mode!r}")


def _halvings(length: int, wanted: int) -> int:
    """Largest power of two by which `length` can be divided and still be `wanted` or more."""
    return 1 << max(0, (length // wanted).bit_length() - 1)


def _scale(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Average over whole pixels as far as that goes, then interpolate; always a new array."""
    down, across = _halvings(image.shape[0], height), _halvings(image.shape[1], width)
    result = image
    if down > 1 or across > 1:
        # What does not divide evenly is filled up with the last row or column, as JPEG does it.
        bottom, right = -image.shape[0] % down, -image.shape[1] % across
        if bottom or right:
            edge = cv2.BORDER_REPLICATE
            result = np.asarray(cv2.copyMakeBorder(image, 0, bottom, 0, right, edge), np.uint8)
        averaged = result.shape[0] // down, result.shape[1] // across
        result = _resized(result, averaged, cv2.INTER_AREA)
    if result.shape[:2] != (height, width):
        # The exact variant gives the same pixels on every processor.
        result = _resized(result, (height, width), cv2.INTER_LINEAR_EXACT)
    return result.copy() if result is image else result


def _resized(image: NDArray[np.uint8], to: tuple[int, int], method: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, to[::-1], interpolation=method), dtype=np.uint8)
