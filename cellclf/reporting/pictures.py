"""Small pictures of cells for pages."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cellclf.data.reading import read_sample
from cellclf.data.samples import Sample
from cellclf.errors import ImageError

__all__ = ["LONGEST_SIDE", "small_jpeg", "thumbnail"]

LONGEST_SIDE = 128
"""Pixels of a picture: twice what is shown, for fine screens."""

QUALITY = 80


def thumbnail(sample: Sample, images: NDArray[np.uint8] | None = None) -> bytes:
    """Return a small JPEG of one sample, read anew; nothing where it cannot be read.

    Args:
        sample: Where the image is.
        images: What `Sample.index` points into, if anything.
    """
    try:
        _, image = read_sample(sample, images)
    except ImageError:
        return b""
    return small_jpeg(image)


def small_jpeg(image: NDArray[np.uint8], longest: int = LONGEST_SIDE) -> bytes:
    """Return an image as a JPEG whose longer side has at most so many pixels.

    Args:
        image: `(height, width, 3)`, RGB.
        longest: Pixels of the longer side, where the image has as many.
    """
    picture = Image.fromarray(np.ascontiguousarray(image))
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    content = BytesIO()
    picture.save(content, "JPEG", quality=QUALITY)
    return content.getvalue()
