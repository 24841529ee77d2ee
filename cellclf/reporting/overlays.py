"""A map of what moved an answer, laid over the image that it is of."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray

__all__ = ["overlaid"]

COLOURS = "viridis"
"""Its brightness rises evenly, so that it is read the same with any colour vision, and in print."""

OPACITY = 0.65
"""Of the highest value; the lowest leaves the image as it is."""

LUMINANCE = np.array([0.299, 0.587, 0.114])
"""Share of red, green and blue in what looks equally bright (ITU-R BT.601)."""


def overlaid(image: NDArray[np.uint8], values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay a map over a grey copy of its image: colour then comes from the map alone.

    Args:
        image: `uint8` RGB, `(height, width, 3)`.
        values: The map, `(height, width)`, 0 to 1.

    Returns:
        `uint8` RGB, `(height, width, 3)`; from grey where the map is 0 to yellow where it is 1.

    Raises:
        ValueError: Image and map differ in height or width.

    Example:
        >>> image = np.full((2, 2, 3), 128, np.uint8)
        >>> overlaid(image, np.array([[0, 1], [0, 0]], np.float32))[0].tolist()
        [[128, 128, 128], [209, 195, 69]]
    """
    if image.shape != (*values.shape, 3):
        raise ValueError(
            f"`values` must have the image's height and width. Received: image.shape={image.shape},"
            f" values.shape={values.shape}"
        )
    grey = (image @ LUMINANCE)[..., None]
    colours = 255 * colormaps[COLOURS](values)[..., :3]
    opacity = OPACITY * np.clip(values, 0, 1)[..., None]
    mixed: NDArray[np.uint8] = ((1 - opacity) * grey + opacity * colours).round().astype(np.uint8)
    return mixed
