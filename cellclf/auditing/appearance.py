"""From one image to the few numbers that an audit keeps of it: size, sharpness, colour, border."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cellclf.data.stain_focus import LAB_OFFSET, LAB_SCALE

__all__ = ["APPEARANCE", "APPEARANCE_VERSION", "BORDER_SHARE", "appearance"]

APPEARANCE_VERSION = 1
"""Raise it when any number below may come out otherwise: they are kept between audits."""

WORKING_SIDE = 256
"""Pixels of the longer side at which colour, border and sharpness are taken."""

BORDER_SHARE = 0.06
"""Width of the border strip, as a share of the height and of the width."""

BINS = 16
"""Bins of the histogram of each colour channel in the border."""

SIDES = 4
BORDER_FEATURES = SIDES * 3 + 3 + 3 * BINS

APPEARANCE = np.dtype(
    [
        ("height", np.int32),
        ("width", np.int32),
        ("form", np.uint8),
        ("flags", np.uint8),
        ("sharpness", np.float32),
        ("colour", np.float32, (3,)),
        ("spread", np.float32, (3,)),
        ("border", np.float32, (BORDER_FEATURES,)),
    ]
)
"""One image: pixels down and across; `form` and `flags` as `cellclf.auditing.file_facts`;
`sharpness` as `_sharpness`; mean and standard deviation of CIE L*, a* and b*; and of the border
strip alone the mean L*, a*, b* of each side (top, bottom, left, right), their standard deviation
over the whole strip, and a histogram of each. 291 bytes."""


def appearance(image: NDArray[np.uint8], *, form: int = 0, flags: int = 0) -> NDArray[Any]:
    """Measure one image.

    Args:
        image: `uint8`, `(height, width, 3)`, RGB, at its full size.
        form: Index in `cellclf.auditing.file_facts.FORMS`.
        flags: Flags of that module.

    Returns:
        One row of `APPEARANCE`, shape `()`.

    Example:
        >>> row = appearance(np.full((40, 60, 3), 255, np.uint8))
        >>> int(row["width"]), np.round(row["colour"]).tolist(), float(row["sharpness"])
        (60, [100.0, 0.0, 0.0], 0.0)
    """
    row = np.zeros((), APPEARANCE)
    row["height"], row["width"] = image.shape[:2]
    row["form"], row["flags"] = form, flags
    shrunk = np.ascontiguousarray(_shrunk(image))
    row["sharpness"] = _sharpness(shrunk)
    lab = cv2.cvtColor(shrunk, cv2.COLOR_RGB2LAB)
    row["colour"], row["spread"] = _mean_and_spread(lab)
    row["border"] = _border(np.asarray(lab, dtype=np.uint8))
    return row


def _sharpness(shrunk: NDArray[np.uint8]) -> float:
    """Variance of the Laplacian of the grey image at `WORKING_SIDE` (Pech-Pacheco et al., 2000).

    All images are brought to one scale first, larger ones by averaging, smaller ones by linear
    interpolation: at its own scale a large image of a blurred cell passes for a sharp one. In
    squared grey levels.
    """
    grey = cv2.cvtColor(shrunk, cv2.COLOR_RGB2GRAY)
    scale = WORKING_SIDE / max(grey.shape)
    if scale > 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F))
    return float(deviation[0, 0] ** 2)


def _mean_and_spread(lab: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of CIE L*, a*, b* over the pixels of OpenCV's Lab bytes."""
    mean, deviation = cv2.meanStdDev(lab)
    return mean.ravel() * LAB_SCALE + LAB_OFFSET, deviation.ravel() * LAB_SCALE


def _shrunk(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    scale = WORKING_SIDE / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _border(lab: NDArray[np.uint8]) -> NDArray[np.float32]:
    height, width = lab.shape[:2]
    across = min(max(1, round(height * BORDER_SHARE)), height)
    down = min(max(1, round(width * BORDER_SHARE)), width)
    inner = slice(across, max(across, height - across))
    sides = [lab[:across], lab[height - across :], lab[inner, :down], lab[inner, width - down :]]
    # Two rows high, an image is all top and bottom: the other sides are empty and say nothing new.
    strips = [np.ascontiguousarray(side if side.size else sides[0]) for side in sides]
    means = [_mean_and_spread(strip)[0] for strip in strips]
    strip = np.concatenate([side.reshape(-1, 1, 3) for side in sides])
    _, deviation = _mean_and_spread(strip)
    histograms = [
        np.bincount(strip[:, 0, channel] // (256 // BINS), minlength=BINS) / len(strip)
        for channel in range(3)
    ]
    return np.concatenate([*means, deviation, *histograms]).astype(np.float32)
