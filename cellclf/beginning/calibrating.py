"""What the calibration part of a folder's images will be able to show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cellclf.beginning.survey import Survey
from cellclf.evaluation.abstention import review_threshold
from cellclf.settings import SplitSettings

__all__ = ["calibrating", "highest_to_show"]


def calibrating(found: Survey) -> tuple[int, int]:
    """Return about how many images thresholds will be set on, and of how many units they will be.

    Args:
        found: What the folder holds.
    """
    shares = SplitSettings().fractions
    parts = {} if found.is_divided_anew else found.parts
    kept = {part: count for part, count in parts.items() if part != "train"}
    all_images = sum(found.learnt.values())
    images = kept.get("calibration")
    if images is None:
        filled = sum(share for part, share in shares.items() if part not in kept)
        images = round((all_images - sum(kept.values())) * shares["calibration"] / filled)
    if found.groups is None or not found.keeps_groups:
        return images, images
    return images, min(images, max(1, round(found.groups.groups * images / all_images)))


def highest_to_show(targets: Sequence[float], images: int, units: int) -> float | None:
    """Return the first accuracy that would let anything be accepted, were every answer right.

    Args:
        targets: Accuracies, the one to be preferred first.
        images: How many set the threshold.
        units: Of how many units they are, such as patients; each has as many.

    Returns:
        One of the accuracies; `None` where so many images can show none of them.

    Example:
        >>> highest_to_show((0.98, 0.95), 1200, 1200), highest_to_show((0.98, 0.95), 192, 192)
        (0.98, 0.95)
        >>> highest_to_show((0.98, 0.95), 12, 12) is None
        True
    """
    sure, right = np.linspace(0, 1, images), np.ones(images, np.bool_)
    of = np.arange(images) % max(1, units)
    return next(
        (one for one in targets if review_threshold(sure, right, of, target=one).reached), None
    )
