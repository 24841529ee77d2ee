"""What kind of file an image came in, and what had to be converted to read it as RGB."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

__all__ = ["ALPHA", "CMYK", "DEEP", "FORMS", "PAGES", "UNKNOWN", "file_facts"]

FORMS: tuple[str, ...] = ("unknown", "JPEG", "PNG", "BMP", "TIFF", "WEBP")
"""Kinds of file, as Pillow calls them; a fact is kept as the index."""

UNKNOWN = 0

ALPHA, CMYK, DEEP, PAGES = 1, 2, 4, 8
"""Flags: an alpha channel; colours of a printer; more than 8 bits a channel; several pages."""

DEEP_MODES = ("I", "F")
"""First letters of Pillow's modes that hold more than 8 bits."""


def file_facts(stored: bytes) -> tuple[int, int]:
    """Look at the header of a file that has been decoded already.

    Pillow reads no pixel for this. Headers that it does not understand are no fault of the image,
    which OpenCV has read: they give nothing.

    Args:
        stored: The whole file; empty where the image came from an array.

    Returns:
        Index in `FORMS`, and the flags that hold, added up.

    Example:
        >>> file = BytesIO()
        >>> Image.new("RGBA", (4, 4)).save(file, "PNG")
        >>> form, flags = file_facts(file.getvalue())
        >>> FORMS[form], bool(flags & ALPHA), bool(flags & DEEP)
        ('PNG', True, False)
    """
    if not stored:
        return UNKNOWN, 0
    try:
        with Image.open(BytesIO(stored), formats=FORMS[1:]) as image:
            flags = ALPHA * image.has_transparency_data
            flags |= CMYK * (image.mode == "CMYK")
            flags |= DEEP * image.mode.startswith(DEEP_MODES)
            flags |= PAGES * (getattr(image, "n_frames", 1) > 1)
            # A JPEG with a thumbnail beside it is called MPO.
            form = "JPEG" if image.format == "MPO" else str(image.format)
    except Exception:
        return UNKNOWN, 0
    return (FORMS.index(form) if form in FORMS else UNKNOWN), flags
