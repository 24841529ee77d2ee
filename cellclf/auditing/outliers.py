"""Images unlike the others: in size within the set, in colour and sharpness within their class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.findings import Finding
from cellclf.data.samples import UNLABELLED, Samples

__all__ = ["outlier_findings", "robust_z"]

FAR = 5.0
"""Robust z-score from which a value is an outlier. Iglewicz and Hoaglin (1993) propose 3.5, for
values with a normal distribution; those of cells have longer tails."""

NORMAL = 1.4826
"""Standard deviations of a normal distribution in its median absolute deviation."""

SIZE_FLOOR = 0.05
COLOUR_FLOOR = 1.0
SHARPNESS_FLOOR = 0.1
"""Smallest spread that is believed: 5 % of the side, one unit of CIE L*, a* or b* (about half of
what an eye can just tell apart: Mahy et al., 1994), 10 % of the sharpness. Where all images but a
few are the same to the last bit, those few need not be remarkable."""

SMALLEST_CLASS = 10
"""Images of a class without which none of them is called unlike the others."""

FAINTEST = 0.1
"""Squared grey levels added to a sharpness before its logarithm is taken, for blank images."""


def robust_z(values: NDArray[Any], floor: float) -> NDArray[np.float64]:
    """Distance from the median in robust standard deviations, column by column.

    The standard deviation is estimated by the median absolute deviation, times 1.4826, and is at
    least `floor`: half of the values may be anything without moving it.

    Args:
        values: Shape `(n,)` or `(n, k)`, at least one row.
        floor: In the unit of the values, above 0.

    Example:
        >>> robust_z(np.array([1.0, 2.0, 3.0, 4.0, 100.0]), 0.1).round(1).tolist()
        [-1.3, -0.7, 0.0, 0.7, 65.4]
    """
    away = values.astype(np.float64) - np.median(values, axis=0)
    spread = NORMAL * np.median(np.abs(away), axis=0)
    return np.asarray(away / np.maximum(spread, floor), dtype=np.float64)


def outlier_findings(
    samples: Samples, appearance: NDArray[Any], readable: NDArray[np.bool_]
) -> Iterator[Finding]:
    """Yield at most one finding for the sizes, and one a class for colour and sharpness each.

    Images without a label are compared with each other, as if they were a class.

    Args:
        samples: The set.
        appearance: Rows of `cellclf.auditing.appearance.APPEARANCE`, shape `(n,)`.
        readable: Which samples are usable images, shape `(n,)`.
    """
    rows = np.flatnonzero(readable)
    if len(rows) >= SMALLEST_CLASS:
        yield from _sizes(samples, appearance, rows)
    labels = samples.labels
    called = [f"images of {name!r}" for name in samples.classes]
    for number, name in [*enumerate(called), (UNLABELLED, "images without a label")]:
        members = rows[labels[rows] == number]
        if len(members) >= SMALLEST_CLASS:
            yield from _colours(samples, name, appearance, members)
            yield from _sharpness(samples, name, appearance, members)


def _sizes(samples: Samples, appearance: NDArray[Any], rows: NDArray[np.intp]) -> Iterator[Finding]:
    sides = np.stack([appearance["height"][rows], appearance["width"][rows]], axis=1)
    unlike = np.any(np.abs(robust_z(np.log(sides), SIZE_FLOOR)) > FAR, axis=1)
    if unlike.any():
        far = rows[unlike]
        height, width = np.median(sides, axis=0).astype(int).tolist()
        examples = sorted({f"{appearance['width'][r]} x {appearance['height'][r]}" for r in far})
        more = ", ..." if len(examples) > 3 else ""
        yield Finding(
            kind="size_outlier",
            severity="note",
            files=samples.ids(far),
            detail=f"{_count(unlike, 'images')} of another size than the rest "
            f"({width} x {height} pixels): {', '.join(examples[:3])}{more}",
        )


def _colours(
    samples: Samples, name: str, appearance: NDArray[Any], members: NDArray[np.intp]
) -> Iterator[Finding]:
    z = robust_z(appearance["colour"][members], COLOUR_FLOOR)
    far = np.any(np.abs(z) > FAR, axis=1)
    if far.any():
        yield Finding(
            kind="colour_outlier",
            severity="note",
            files=samples.ids(members[far]),
            detail=f"{_count(far, name)} unlike the others in mean colour: another stain, slide, "
            "lamp or camera?",
        )


def _sharpness(
    samples: Samples, name: str, appearance: NDArray[Any], members: NDArray[np.intp]
) -> Iterator[Finding]:
    z = robust_z(np.log(appearance["sharpness"][members] + FAINTEST), SHARPNESS_FLOOR)
    far = np.abs(z) > FAR
    if far.any():
        blurred = int((z < -FAR).sum())
        yield Finding(
            kind="sharpness_outlier",
            severity="note",
            files=samples.ids(members[far]),
            detail=f"{_count(far, name)} unlike the others in sharpness: {blurred} blurred or "
            f"empty, {int(far.sum()) - blurred} unusually sharp or noisy",
        )


def _count(far: NDArray[np.bool_], name: str) -> str:
    count = int(far.sum())
    return f"{count:,} of {len(far):,} {name} {'is' if count == 1 else 'are'}"
