"""What is remembered of one image, so that a copy of it is known again however it was turned."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["DESCRIPTION_VERSION", "UNIT", "Description", "describe", "mirrored"]

DESCRIPTION_VERSION = 1
"""Part of the key of everything that is kept of descriptions: raise it when any may differ."""

SIDE = 160
"""Pixels of the longer side at which keypoints are sought; smaller images are enlarged to it."""

REDUCTION = 2
"""How many times smaller the picture is that is remembered: details of that size tell copies."""

KEYPOINTS = 96
"""Most keypoints kept of one image, the strongest. Copies share about half of theirs."""

CONTRAST = 0.03
"""Least contrast of a keypoint (Lowe 2004, section 4, where it is 0.03 as well)."""

BLACK, WHITE, FULL = 24, 250, 255
"""A pixel all of whose channels are at most, or at least, this may be fill; JPEG blurs fill."""

FILL_SHARE = 0.003
"""Share of the image from which on a flat patch at its border counts as fill."""

FILL_MARGIN = 9
"""Pixels to which a keypoint must keep away from fill, whose edge is no feature of a cell."""

UNIT = 512
"""What 1 is in a kept descriptor: its numbers are rarely above a half, and then cut off."""

ROWS, COLUMNS, ORIENTATIONS = 4, 4, 8
"""A SIFT descriptor is a histogram of gradient orientations in each cell of a grid."""

# Mirrored about the keypoint's own orientation, the rows of cells and the sense of turning swap.
MIRROR: NDArray[np.intp] = np.array(
    [
        ((ROWS - 1 - row) * COLUMNS + column) * ORIENTATIONS + (-turn) % ORIENTATIONS
        for row in range(ROWS)
        for column in range(COLUMNS)
        for turn in range(ORIENTATIONS)
    ]
)


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Description:
    """What is remembered of one image; about 20 kB.

    Attributes:
        grey: The image without its colours, `uint8`, `(height, width)`, the longer side 80 pixels.
        content: Where there is image rather than flat black or white fill, `bool`, as `grey`;
            `None` where there is no fill.
        places: Keypoints, `float32`, `(k, 2)`: x and y in pixels of `grey`.
        descriptors: Square roots of their SIFT descriptors of sum 1, times `UNIT`, as `uint8`,
            `(k, 128)`: the Euclidean distance of two is then `UNIT` times the Hellinger distance
            of the histograms, which tells keypoints apart better (Arandjelovic and Zisserman 2012,
            "Three things everyone should know to improve object retrieval", RootSIFT).
    """

    grey: NDArray[np.uint8]
    content: NDArray[np.bool_] | None
    places: NDArray[np.float32]
    descriptors: NDArray[np.uint8]


def describe(image: NDArray[np.uint8]) -> Description:
    """Find what can be found again in a rotated, mirrored, shifted, scaled or recoloured copy.

    The keypoints are those of SIFT (Lowe 2004, "Distinctive image features from scale-invariant
    keypoints"), the strongest `KEYPOINTS` of them, less those at the edge of black or white fill,
    such as rotation leaves in the corners. Safe to call from several threads.

    Args:
        image: `uint8`, `(height, width, 3)`, RGB, of any size.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> speckled = cv2.resize(rng.integers(0, 255, (20, 25, 3), np.uint8), (250, 200))
        >>> found = describe(speckled)
        >>> found.grey.shape, len(found.places) == len(found.descriptors) > 0
        ((64, 80), True)
    """
    small = _scaled(image)
    content = _content(small)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    where = None if content is None else _away_from_fill(content)
    # SIFT keeps state while it works: one for each call, as calls come from several threads. Told
    # how many points are wanted it computes fewer descriptors, but counts those it will not keep.
    wanted = KEYPOINTS if where is None else 0
    sift = cv2.SIFT.create(nfeatures=wanted, contrastThreshold=CONTRAST)
    found, descriptors = sift.detectAndCompute(grey, where)
    strongest = np.argsort([-point.response for point in found], kind="stable")[:KEYPOINTS]
    places = np.array([found[number].pt for number in strongest], np.float32).reshape(-1, 2)
    kept = descriptors[strongest] if len(strongest) else np.empty((0, len(MIRROR)))
    return Description(
        grey=_reduced(grey),
        content=None if content is None else _reduced(content.astype(np.uint8)) > 0,
        # Pixel centres are whole numbers at either size.
        places=((places + 0.5) / REDUCTION - 0.5).astype(np.float32),
        descriptors=_rooted(np.asarray(kept, np.float32)),
    )


def mirrored(descriptors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the descriptors `(k, 128)` that the same keypoints have in the mirrored image."""
    return descriptors[:, MIRROR]


def _rooted(histograms: NDArray[np.float32]) -> NDArray[np.uint8]:
    total = np.maximum(histograms.sum(axis=1, keepdims=True), 1)
    roots = np.round(UNIT * np.sqrt(histograms / total))
    return np.asarray(np.minimum(roots, FULL), dtype=np.uint8)


def _scaled(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=method), dtype=np.uint8)


def _reduced(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape
    size = max(1, width // REDUCTION), max(1, height // REDUCTION)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _content(image: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Where the image is no flat black or white that reaches its border; `None`: everywhere."""
    content = np.ones(image.shape[:2], dtype=bool)
    for lowest, highest in ((0, BLACK), (WHITE, FULL)):
        # Most images have no fill: their borders tell that sooner than all of their pixels.
        if any(_flat(strip, lowest, highest).any() for strip in _border(image)):
            content &= ~_patches_at_border(_flat(image, lowest, highest))
    return None if content.all() else content


def _border(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
    return image[:1], image[-1:], image[:, :1], image[:, -1:]


def _flat(image: NDArray[np.uint8], lowest: int, highest: int) -> NDArray[np.uint8]:
    """1 where all channels lie within the bounds, else 0."""
    inside = cv2.inRange(np.ascontiguousarray(image), (lowest,) * 3, (highest,) * 3)
    return np.asarray(inside > 0, dtype=np.uint8)


def _patches_at_border(flat: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The connected patches that are large enough for fill and reach the border."""
    _, patches, stats, _ = cv2.connectedComponentsWithStats(flat, connectivity=4)
    large = stats[:, cv2.CC_STAT_AREA] > FILL_SHARE * flat.size
    reaching = np.zeros(len(stats), dtype=bool)
    for strip in (patches[0], patches[-1], patches[:, 0], patches[:, -1]):
        reaching[strip] = True
    reaching[0] = False  # number 0 is everything that is not flat
    return np.asarray((large & reaching)[patches], dtype=bool)


def _away_from_fill(content: NDArray[np.bool_]) -> NDArray[np.uint8]:
    ring = cv2.getStructuringElement(cv2.MORPH_RECT, (FILL_MARGIN, FILL_MARGIN))
    # The image's own border is no edge of fill: erosion by OpenCV's default leaves it.
    return np.asarray(cv2.erode(content.astype(np.uint8), ring), dtype=np.uint8)
