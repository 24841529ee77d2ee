"""Image files of every kind, written by Pillow, for the tests of whatever reads them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FORMS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
LOSSLESS: dict[str, dict[str, Any]] = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True}}
"""What Pillow is told so that a file keeps every pixel, for the kinds of file that can."""


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of `image` as a file of the kind `form`."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def picture(height: int = 24, width: int = 16, *, seed: int = 0) -> NDArray[np.uint8]:
    """A smooth colour picture, no two corners alike, `(height, width, 3)`."""
    rng = np.random.default_rng(seed)
    corners = Image.fromarray(rng.integers(0, 256, (3, 3, 3), dtype=np.uint8))
    return np.asarray(corners.resize((width, height), Image.Resampling.BICUBIC))


def noise(height: int = 64, width: int = 64, *, seed: int = 0) -> NDArray[np.uint8]:
    """A picture that does not compress, so that its file can be cut at many places."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def far(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    """The most by which any value of `a` and `b` differs."""
    return int(np.abs(a.astype(int) - b.astype(int)).max())
