"""Drawn cells, which show nothing but that the plugin works: they are drawn after no image.

The nucleus of the first class fills most of the cell, that of each further class less of it.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cellclf_leukaemia_blasts.about import CLASSES

__all__ = ["draw", "render"]

SIDE = 48
"""Height and width of an image in pixels."""

BACKGROUND = (232, 224, 230)
CYTOPLASM = (188, 190, 226)
NUCLEUS = (112, 62, 142)

CELL_RADII = (15, 19)
"""Smallest and largest, in pixels."""

LARGEST_SHARE, SMALLEST_SHARE = 0.85, 0.45
"""Radius of the nucleus as a share of the cell's: of the first class, and of the last."""

GRAIN = 6.0
"""Standard deviation of the camera's noise in levels; cells drawn alike would be copies."""


def draw(file: Path, *, kind: int, seed: int) -> None:
    """Draw one cell into a file, whose folder is made; the suffix says in which format.

    Args:
        file: Where to.
        kind: Number of the class.
        seed: Decides all that differs between cells of a class.
    """
    share = float(np.linspace(LARGEST_SHARE, SMALLEST_SHARE, len(CLASSES))[kind])
    pixels = render(np.random.default_rng((kind, seed)), share)
    written = cv2.imencode(file.suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(written.tobytes())


def render(rng: np.random.Generator, share: float) -> NDArray[np.uint8]:
    """Draw one cell.

    Args:
        rng: Decides all that differs between cells of a class.
        share: Radius of the nucleus as a share of the cell's.

    Returns:
        `(SIDE, SIDE, 3)`, RGB.
    """
    image = np.full((SIDE, SIDE, 3), BACKGROUND, np.float32)
    radius = rng.uniform(*CELL_RADII)
    middle = rng.uniform(SIDE / 2 - 3, SIDE / 2 + 3, 2)
    inner = radius * share * rng.uniform(0.92, 1.05)
    aside = middle + rng.uniform(-1, 1, 2) * (radius - inner) / 2
    _ellipse(image, rng, middle, radius, CYTOPLASM)
    _ellipse(image, rng, aside, inner, NUCLEUS)
    noisy = cv2.GaussianBlur(image, (0, 0), 0.8) + rng.normal(0, GRAIN, image.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def _ellipse(
    image: NDArray[np.float32],
    rng: np.random.Generator,
    middle: NDArray[np.float64],
    radius: float,
    colour: tuple[int, int, int],
) -> None:
    """Fill what is nearly a circle, in a colour that differs a little from cell to cell."""
    x, y = (round(float(value)) for value in middle)
    axes = (round(radius * rng.uniform(0.92, 1.0)), round(radius * rng.uniform(0.92, 1.0)))
    shade = [float(value) for value in np.asarray(colour) + rng.normal(0, 6, 3)]
    cv2.ellipse(image, (x, y), axes, rng.uniform(0, 180), 0, 360, shade, -1, cv2.LINE_8)
