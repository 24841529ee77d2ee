"""What an image file says of itself, read before a single pixel is given memory.

A header can promise 50,000 x 50,000 pixels in a hundred bytes, and a file that was cut short can
still decode to half a cell on grey ground. Both are seen here, from the container alone. The same
walk finds what OpenCV does not apply by itself: the orientation, a grey PNG's transparent value,
and whether a TIFF's colours come multiplied by their alpha.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from cellclf.errors import ImageError

__all__ = ["CUT_SHORT", "DAMAGED", "MAX_PIXELS", "NOT_AN_IMAGE", "UPRIGHT", "Header", "read_header"]

MAX_PIXELS = 32_000_000
"""The largest image that is decoded: of four channels of 16 bits, it takes 540 MB and 1.5 s."""

MAX_SCANNED = 20 * MAX_PIXELS
"""Pixels times scans of a progressive JPEG, which is gone over once for each of its scans."""

MAX_BITS, MAX_CHANNELS = 16, 4

EMPTY = "the file is empty"
CUT_SHORT = "the file is cut short"
DAMAGED = "the file is damaged"
NOT_AN_IMAGE = "not an image that can be read (JPEG, PNG, BMP, TIFF, WebP)"

UPRIGHT = 1
"""EXIF orientation of an image that is stored as it is to be seen."""

ORIENTATIONS = range(UPRIGHT, 9)
SIDEWAYS = range(5, 9)
"""Orientations that exchange rows and columns."""

JPEG_START, JPEG_END, JPEG_SCAN, JPEG_APP1 = 0xD8, 0xD9, 0xDA, 0xE1
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0-15; the rest are tables
# Inside compressed data a 0xFF is followed by 0 or is a restart marker or a fill byte.
JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
EXIF_PREFIX = b"Exif\x00\x00"

TIFF_WIDTH, TIFF_HEIGHT, TIFF_BITS, TIFF_SAMPLES = 256, 257, 258, 277
TIFF_ORIENTATION, TIFF_EXTRA_SAMPLES = 274, 338
TIFF_ASSOCIATED_ALPHA = 1
TIFF_NUMBERS = {1: "B", 3: "H", 4: "I"}  # BYTE, SHORT, LONG

PNG_GREY = 0
BMP_CORE_HEADER = 12  # bytes; OS/2 bitmaps, with 16-bit sizes


Kind = Literal["JPEG", "PNG", "BMP", "TIFF", "WebP"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What was found before decoding.

    Attributes:
        kind: What kind of file it is.
        width: Pixels across, as stored.
        height: Pixels down, as stored.
        orientation: EXIF orientation that is still to be applied, 1 to 8; 1 is upright.
        transparent: Share of full scale, 0-1, that means "nothing here" in a grey image.
        premultiplied: The decoder's colours are already multiplied by their alpha.
    """

    kind: Kind
    width: int
    height: int
    orientation: int = UPRIGHT
    transparent: float | None = None
    premultiplied: bool = False

    @property
    def upright_size(self) -> tuple[int, int]:
        """Height and width in pixels once the orientation is applied."""
        if self.orientation in SIDEWAYS:
            return self.width, self.height
        return self.height, self.width


def read_header(content: bytes) -> Header:
    """Read the header of a whole JPEG, PNG, BMP, TIFF or WebP file.

    Args:
        content: The file's bytes, all of them: whether it is complete is judged too.

    Raises:
        ImageError: Empty, of another kind, cut short, contradicting itself, or larger than
            `MAX_PIXELS`.

    Example:
        >>> read_header(b"hello")
        Traceback (most recent call last):
            ...
        cellclf.errors.ImageError: not an image that can be read (JPEG, PNG, BMP, TIFF, WebP)
    """
    if not content:
        raise ImageError(EMPTY)
    for signature, read in _READERS.items():
        if re.match(signature, content, re.DOTALL):
            return read(content)
    raise ImageError(NOT_AN_IMAGE)


def _sane(width: int, height: int) -> tuple[int, int]:
    if width < 1 or height < 1:
        raise ImageError(DAMAGED)
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"the image is too large: {width:,} x {height:,} pixels, at most "
            f"{MAX_PIXELS // 10**6} megapixels are read"
        )
    return width, height


def _unpack(layout: str, content: bytes, offset: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, content, offset)
    except struct.error:
        raise ImageError(CUT_SHORT) from None


def _jpeg(content: bytes) -> Header:
    size: tuple[int, int] | None = None
    orientation = UPRIGHT
    scans = 0
    offset = 2
    while True:
        found = JPEG_MARKER.search(content, offset)
        if found is None:
            raise ImageError(CUT_SHORT)
        marker = content[found.start() + 1]
        offset = found.end()
        if marker == JPEG_END:
            break
        if marker == JPEG_START:
            continue
        (length,) = _unpack(">H", content, offset)
        if marker in JPEG_FRAMES:
            height, width = _unpack(">HH", content, offset + 3)
            size = _sane(width, height)
        elif marker == JPEG_SCAN:
            scans += 1
        elif marker == JPEG_APP1:
            segment = content[offset + 2 : offset + length]
            if segment.startswith(EXIF_PREFIX):
                orientation = _exif_orientation(segment)
        offset += length
    width, height = _scanned(size, scans)
    return Header(kind="JPEG", width=width, height=height, orientation=orientation)


def _scanned(size: tuple[int, int] | None, scans: int) -> tuple[int, int]:
    """Refuse a JPEG without a frame, and one that would be gone over for minutes."""
    if size is None:
        raise ImageError(DAMAGED)
    width, height = size
    if width * height * scans > MAX_SCANNED:
        raise ImageError(f"the image is too large: {width:,} x {height:,} pixels, {scans} scans")
    return size


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    offset = len(b"\x89PNG\r\n\x1a\n")
    kind = b""
    while kind != b"IEND":
        (length,) = _unpack(">I", content, offset)
        kind = content[offset + 4 : offset + 8]
        end = offset + 8 + length
        (checksum,) = _unpack(">I", content, end)
        if zlib.crc32(memoryview(content)[offset + 4 : end]) != checksum:
            # libpng would print its own complaint, or decode what is left of the image.
            raise ImageError(DAMAGED)
        yield kind, content[offset + 8 : end]
        offset = end + 4


def _png(content: bytes) -> Header:
    width = height = depth = colour = 0
    orientation, transparent = UPRIGHT, None
    for kind, data in _png_chunks(content):
        if kind == b"IHDR":
            width, height, depth, colour = _unpack(">IIBB", data, 0)
            _sane(width, height)  # now: a header that promises too much may have nothing after it
        elif kind == b"eXIf":
            orientation = _exif_orientation(data)
        elif kind == b"tRNS" and colour == PNG_GREY:
            transparent = _unpack(">H", data, 0)[0] / (2**depth - 1)
    width, height = _sane(width, height)
    return Header(
        kind="PNG", width=width, height=height, orientation=orientation, transparent=transparent
    )


def _bmp(content: bytes) -> Header:
    (length,) = _unpack("<I", content, 14)
    width, height = _unpack("<HH" if length == BMP_CORE_HEADER else "<ii", content, 18)
    width, height = _sane(width, abs(height))  # a negative height means top row first
    return Header(kind="BMP", width=width, height=height)


def _webp(content: bytes) -> Header:
    (length,) = _unpack("<I", content, 4)
    if len(content) < length + 8:
        raise ImageError(CUT_SHORT)
    size: tuple[int, int] | None = None
    orientation = UPRIGHT
    offset = len(b"RIFF....WEBP")
    while offset + 8 <= length + 8:
        kind, (held,) = content[offset : offset + 4], _unpack("<I", content, offset + 4)
        offset += 8
        if kind == b"VP8X":
            across, across_high, down, down_high = _unpack("<HBHB", content, offset + 4)
            size = _sane(across + (across_high << 16) + 1, down + (down_high << 16) + 1)
        elif kind == b"VP8 " and size is None:
            across, down = _unpack("<HH", content, offset + 6)
            size = _sane(across & 0x3FFF, down & 0x3FFF)
        elif kind == b"VP8L" and size is None:
            (packed,) = _unpack("<I", content, offset + 1)
            size = _sane((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1)
        elif kind == b"EXIF":
            orientation = _exif_orientation(content[offset : offset + held])
        offset += held + held % 2
    if size is None:
        raise ImageError(DAMAGED)
    return Header(kind="WebP", width=size[0], height=size[1], orientation=orientation)


def _tiff(content: bytes) -> Header:
    tags = _tiff_tags(content)
    if TIFF_WIDTH not in tags or TIFF_HEIGHT not in tags:
        raise ImageError(DAMAGED)
    width, height = _sane(tags[TIFF_WIDTH], tags[TIFF_HEIGHT])
    samples, bits = tags.get(TIFF_SAMPLES, 1), tags.get(TIFF_BITS, 1)
    if bits > MAX_BITS:
        raise ImageError(f"pixels must be whole numbers of 8 or 16 bits. Received: {bits} bits")
    if samples > MAX_CHANNELS:
        raise ImageError(f"there must be 1, 3 or 4 channels. Received: {samples}")
    if samples == 2:  # grey and alpha, of which OpenCV keeps the grey alone
        raise ImageError("a grey TIFF with transparency cannot be read; save it as PNG")
    # OpenCV reads up to 8 bits through libtiff's RGBA interface, which always multiplies by
    # alpha, and 16 bits as they stand. It applies a TIFF's orientation itself.
    premultiplied = bits <= 8 or tags.get(TIFF_EXTRA_SAMPLES) == TIFF_ASSOCIATED_ALPHA
    return Header(kind="TIFF", width=width, height=height, premultiplied=premultiplied)


def _exif_orientation(block: bytes) -> int:
    """EXIF is a small TIFF; one that makes no sense is no reason to refuse the image."""
    try:
        orientation = _tiff_tags(block.removeprefix(EXIF_PREFIX)).get(TIFF_ORIENTATION, UPRIGHT)
    except ImageError:
        return UPRIGHT
    return orientation if orientation in ORIENTATIONS else UPRIGHT


def _tiff_tags(content: bytes) -> dict[int, int]:
    """First number of every whole-number tag of the first directory."""
    order = ">" if content.startswith(b"MM") else "<"
    (offset,) = _unpack(order + "I", content, 4)
    (entries,) = _unpack(order + "H", content, offset)
    tags: dict[int, int] = {}
    for entry in range(offset + 2, offset + 2 + 12 * entries, 12):
        tag, kind, count = _unpack(order + "HHI", content, entry)
        layout = TIFF_NUMBERS.get(kind)
        if layout is None:
            continue
        where = entry + 8
        if struct.calcsize(order + layout) * count > 4:  # too long for the entry itself
            (where,) = _unpack(order + "I", content, where)
        (tags[tag],) = _unpack(order + layout, content, where)
    return tags


_READERS: dict[bytes, Callable[[bytes], Header]] = {
    rb"\xff\xd8\xff": _jpeg,
    rb"\x89PNG\r\n\x1a\n": _png,
    rb"BM": _bmp,
    rb"II\*\x00|MM\x00\*": _tiff,
    rb"RIFF....WEBP": _webp,
}
