"""From light to pixels: illumination, focus, sampling and the noise of a sensor."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["photographed"]

BRIGHTEST = 255.0


def photographed(
    rng: np.random.Generator, light: NDArray[np.float32], size: int
) -> NDArray[np.uint8]:
    """Take a picture of a field.

    Args:
        rng: Source of the focus, the unevenness of the lamp, and the noise.
        light: `(height, width, 3)`, finer than the picture, 0-255 where white is 255.
        size: Height and width of the picture in pixels.

    Returns:
        `uint8`, `(size, size, 3)`, RGB.
    """
    seen = cv2.resize(light, (size, size), interpolation=cv2.INTER_AREA)
    # Most pictures are sharp, some are a little out of focus; the depth of field scales with size.
    defocus = (0.2 + 0.9 * rng.beta(1.0, 5.0)) * size / 128
    seen = cv2.GaussianBlur(seen, (0, 0), defocus)
    across = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    tilt, bowl = rng.normal(0.0, 0.012, 2), rng.uniform(0.0, 0.02)
    lamp = rng.normal(0.99, 0.015) + tilt[0] * across + tilt[1] * across[:, None]
    lamp -= bowl * (across * across + across[:, None] ** 2)
    seen *= lamp.astype(np.float32)[..., None]
    noise = rng.standard_normal(seen.shape, dtype=np.float32)
    grainy = seen + noise * np.float32(rng.uniform(0.8, 2.6))
    levels: NDArray[np.uint8] = np.clip(np.rint(grainy), 0, BRIGHTEST).astype(np.uint8)
    return levels
