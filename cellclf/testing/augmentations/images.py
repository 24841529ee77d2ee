"""Images that an augmentation is tried with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["SIZES", "coloured", "flat"]

SIZES = ((17, 40), (40, 17), (8, 8), (33, 64))
"""Heights and widths: neither square nor even, and small."""

SEED = 7


def flat(colour: Sequence[int], height: int, width: int) -> NDArray[np.uint8]:
    """Return an image of one colour, `(height, width, 3)`."""
    return np.broadcast_to(np.array(colour, np.uint8), (height, width, 3)).copy()


def coloured(height: int, width: int) -> NDArray[np.uint8]:
    """Return a pink image with a violet disc off its middle, and noise, `(height, width, 3)`."""
    rows, columns = np.mgrid[0:height, 0:width]
    away = np.hypot((rows - 0.4 * height) / height, (columns - 0.6 * width) / width)
    image = np.where(away[..., None] < 0.25, (110, 60, 150), (225, 190, 200))
    noise = np.random.default_rng(SEED).integers(-15, 16, (height, width, 3))
    return (image + noise).astype(np.uint8)
