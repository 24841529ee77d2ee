"""From images to a few numbers that stain, light and focus decide more than the cell does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from cellclf.processors import processor_count

__all__ = ["LAB_OFFSET", "LAB_SCALE", "MEASURES", "stain_and_focus", "stain_and_focus_of"]

MEASURES = 7
LEVELS = 256
LIGHTEST, DARKEST = 0.25, 0.10
"""Shares of the pixels that are taken for the background, and for what is stained most."""

LAB_SCALE = np.array([100 / 255, 1.0, 1.0])
LAB_OFFSET = np.array([0.0, -128.0, -128.0])
"""From OpenCV's bytes to CIE L* from 0 to 100 and a* and b* around 0."""

LEAST_SHARPNESS = 0.01
"""In squared grey levels; an image of one colour has none, and no logarithm."""


def stain_and_focus(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Measure images as a network is shown them.

    The background is the lightest quarter of the pixels, whatever shows there: it tells of light,
    white balance and counterstain. The darkest tenth is what is stained most, nuclei as a rule.
    Sharpness is the variance of the Laplacian of the grey image (Pech-Pacheco et al., 2000).

    Args:
        images: `uint8`, RGB, `(n, height, width, 3)`.

    Returns:
        Shape `(n, 7)`: mean CIE L*, a* and b* of the lightest quarter; the same of the darkest
        tenth; and the binary logarithm of the sharpness, one less being half as sharp. The order is
        that of `cellclf.evaluation.drift.MEASURES`.

    Example:
        >>> white = np.full((1, 8, 8, 3), 255, np.uint8)
        >>> stain_and_focus(white)[0, :6].tolist()
        [100.0, 0.0, 0.0, 100.0, 0.0, 0.0]
    """
    # OpenCV leaves the interpreter's lock while it computes.
    with ThreadPoolExecutor(max_workers=processor_count()) as pool:
        shares = pool.map(_all_measured, np.array_split(images, processor_count()))
    return np.concatenate(list(shares))


def _all_measured(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    found = np.zeros((len(images), MEASURES), np.float32)
    for row, image in enumerate(images):
        found[row] = stain_and_focus_of(image)
    return found


def stain_and_focus_of(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Measure one image, `(height, width, 3)`, as `stain_and_focus` does; shape `(7,)`."""
    pixels = np.ascontiguousarray(image)
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    lightness = cv2.extractChannel(lab, 0)
    counts = cv2.calcHist([lightness], [0], None, [LEVELS], [0, LEVELS])
    darker = np.cumsum(counts, dtype=np.float64) / lightness.size
    dark = int(np.searchsorted(darker, DARKEST))
    light = int(np.searchsorted(darker, 1 - LIGHTEST))
    background = cv2.mean(lab, (lightness >= light).view(np.uint8))[:3]
    stained = cv2.mean(lab, (lightness <= dark).view(np.uint8))[:3]
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))
    sharpness = np.log2(max(float(deviation[0, 0]) ** 2, LEAST_SHARPNESS))
    return np.concatenate(
        [
            np.array(background) * LAB_SCALE + LAB_OFFSET,
            np.array(stained) * LAB_SCALE + LAB_OFFSET,
            [sharpness],
        ]
    )
