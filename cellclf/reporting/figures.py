"""Figures as bytes and as files."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from cellclf.files import write_bytes
from cellclf.reporting.style import WRONG, house_style

__all__ = ["as_svg", "data_uri", "save_figure", "stamp"]

PNG_DPI = 150
STAMP_INCHES = 0.4
STAMP_POINTS = 10
PHOTOGRAPH_QUALITY = 88
EMBEDDED_PNG = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")
FONT_LIST = re.compile(r"'DejaVu Sans'[^;\"]*")
SYSTEM_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
PIXELATED = re.compile(r"image-rendering:[\w-]+;?")
DOCTYPE = re.compile(r"<!DOCTYPE[^>]*>\s*")
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))

# First bytes of what a figure may be handed over as, and its media type.
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"<?xml", "image/svg+xml"),
    (b"<svg", "image/svg+xml"),
)


def save_figure(figure: Figure, path: Path) -> None:
    """Write `figure` to `path` as PNG, 150 pixels an inch; the file appears whole or not at all.

    Raises:
        RunError: The place cannot be written to.
    """
    content = BytesIO()
    with house_style():
        figure.savefig(content, format="png", dpi=PNG_DPI)
    write_bytes(Path(path), content.getvalue())


def stamp(figure: Figure, text: str) -> None:
    """Write `text` above everything that `figure` shows, so that no copy of it goes without."""
    width, height = figure.get_size_inches()
    with house_style():
        if figure.get_layout_engine() is None:  # nothing makes room of itself
            shrunk = height / (height + STAMP_INCHES)
            figure.set_size_inches(width, height + STAMP_INCHES)
            for axes in figure.axes:
                left, bottom, across, up = axes.get_position().bounds
                axes.set_position((left, bottom * shrunk, across, up * shrunk))
        figure.suptitle(text, color=WRONG, fontweight="bold", fontsize=STAMP_POINTS)


def as_svg(figure: Figure) -> bytes:
    """Return `figure` as SVG: text in the reader's own font, photographs as JPEG inside."""
    content = BytesIO()
    with house_style():
        figure.savefig(content, format="svg", metadata=NO_METADATA)
    drawing = DOCTYPE.sub("", content.getvalue().decode())
    # A browser scales a photograph better than it repeats or drops its pixels.
    drawing = PIXELATED.sub("", drawing)
    drawing = FONT_LIST.sub(SYSTEM_FONTS, drawing)
    return EMBEDDED_PNG.sub(_photograph_as_jpeg, drawing).encode()


def _photograph_as_jpeg(found: re.Match[str]) -> str:
    """Return the data URI of a JPEG for one of a PNG: a fifth of the bytes, for photographs."""
    with Image.open(BytesIO(base64.b64decode(found[1]))) as picture:
        content = BytesIO()
        picture.convert("RGB").save(content, "JPEG", quality=PHOTOGRAPH_QUALITY)
    return data_uri(content.getvalue())


def data_uri(picture: Figure | bytes) -> str:
    """Return `picture` as a `data:` URI; a Figure as SVG, bytes as the PNG, JPEG or SVG they are.

    Raises:
        ValueError: Bytes of another kind.

    Example:
        >>> data_uri(b"<svg/>")
        'data:image/svg+xml;base64,PHN2Zy8+'
    """
    content = as_svg(picture) if isinstance(picture, Figure) else picture
    for signature, media_type in SIGNATURES:
        if content.startswith(signature):
            return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    raise ValueError(f"a picture must be PNG, JPEG or SVG. Received: {content[:12]!r}...")
