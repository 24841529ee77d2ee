"""Whether two images show the same: laid over each other and compared where they overlap."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.keypoints import UNIT, Description, mirrored

__all__ = ["Registration", "register"]

MATCH = 0.30
"""Largest squared Hellinger distance of descriptors taken for the same point."""

TOLERANCE = 1.5
"""Pixels, of 80 across, by which a matched keypoint may miss its place."""

LEAST_POINTS = 8
"""Keypoints that must agree on one affine map, which three of them already determine."""

TRIES = 400
"""Most samples that RANSAC draws: enough to find 8 of 35 points with a probability of 0.99."""

LEAST_SCALE, MOST_SCALE, MOST_STRETCH = 0.4, 2.5, 1.6
"""Bounds on how far a copy may be scaled, and scaled more along one axis than along another."""

LEAST_OVERLAP = 0.2
"""Share of the smaller of both contents that must be seen in the other."""

LEAST_CORRELATION = 0.75
"""Least correlation of the details in the overlap; cells that are merely alike stay below."""

FINE, COARSE = 0.75, 3.0
"""Standard deviations in pixels between which details lie: not noise, not shading."""

SEEN = 0.05
"""Least share of a filter's weight on content, below which nothing is known of a place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """How two images that show the same fit each other.

    Attributes:
        overlap: Share of the smaller of both contents that both show, 0-1: near 1 for a copy, less
            for two cuts from one field.
        correlation: Pearson correlation of details in the overlap, at most 1.
        points: Keypoints that agree on the map from one to the other.
    """

    overlap: float
    correlation: float
    points: int


def register(first: Description, second: Description, *, mirror: bool) -> Registration | None:
    """Lay the second image over the first, and say how well they agree.

    Keypoints that are each other's nearest give an affine map by RANSAC (Fischler and Bolles 1981);
    the images are then compared pixel by pixel where both have content.

    Args:
        first: One image.
        second: The other.
        mirror: Compare with the mirror image of the second.

    Returns:
        How they fit; `None` where they do not show the same.
    """
    fitted = _affine(first, second, mirror)
    if fitted is None:
        return None
    matrix, points = fitted
    height, width = first.grey.shape
    other, content = second.grey, _content(second)
    if mirror:
        other, content = other[:, ::-1].copy(), content[:, ::-1].copy()
    laid = np.asarray(cv2.warpAffine(other, matrix, (width, height)), dtype=np.uint8)
    there = cv2.warpAffine(content.astype(np.uint8), matrix, (width, height), flags=0)
    both = (there > 0) & _content(first)
    area = min(_content(first).sum(), content.sum() * abs(np.linalg.det(matrix[:, :2])))
    overlap = float(both.sum() / area)
    if overlap < LEAST_OVERLAP:
        return None
    correlation = _correlation(_details(first.grey, both)[both], _details(laid, both)[both])
    if correlation < LEAST_CORRELATION:
        return None
    return Registration(overlap=min(overlap, 1.0), correlation=correlation, points=points)


def _content(one: Description) -> NDArray[np.bool_]:
    return np.ones(one.grey.shape, dtype=bool) if one.content is None else one.content


def _affine(
    first: Description, second: Description, mirror: bool
) -> tuple[NDArray[np.float64], int] | None:
    """The map from the second (mirrored) image's pixels to the first's, and its witnesses."""
    descriptors = mirrored(second.descriptors) if mirror else second.descriptors
    if min(len(first.descriptors), len(descriptors)) < LEAST_POINTS:
        return None
    # Nearest both ways. OpenCV's matcher, as NumPy's product would start threads in each of ours.
    pairs = cv2.BFMatcher(cv2.NORM_L2, crossCheck=True).match(
        first.descriptors.astype(np.float32), descriptors.astype(np.float32)
    )
    same = [pair for pair in pairs if pair.distance**2 < MATCH * UNIT**2]
    if len(same) < LEAST_POINTS:
        return None
    target = first.places[[pair.queryIdx for pair in same]]
    source = second.places[[pair.trainIdx for pair in same]]
    if mirror:
        source = np.column_stack([second.grey.shape[1] - 1 - source[:, 0], source[:, 1]])
    matrix, agree = cv2.estimateAffine2D(
        source,
        target,
        method=cv2.RANSAC,
        ransacReprojThreshold=TOLERANCE,
        maxIters=TRIES,
    )
    if matrix is None or np.count_nonzero(agree) < LEAST_POINTS:
        return None
    if np.linalg.det(matrix[:, :2]) <= 0:  # would mirror once more
        return None
    most, least = np.linalg.svd(matrix[:, :2], compute_uv=False)
    if least < LEAST_SCALE or most > MOST_SCALE or most > MOST_STRETCH * least:
        return None
    return np.asarray(matrix, dtype=np.float64), int(np.count_nonzero(agree))


def _details(grey: NDArray[np.uint8], where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Difference of two blurred versions, each an average over the pixels of `where` alone."""
    weight = where.astype(np.float32)
    pixels = grey * weight

    def blurred(spread: float) -> NDArray[np.float32]:
        seen = np.maximum(cv2.GaussianBlur(weight, (0, 0), spread), SEEN)
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), spread) / seen, dtype=np.float32)

    return blurred(FINE) - blurred(COARSE)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / scale if scale > 0 else 0.0
