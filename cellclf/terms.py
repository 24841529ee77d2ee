"""Words that more than one room uses, each with its meaning."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, get_args

__all__ = [
    "AUTO",
    "JUDGED",
    "MISSING",
    "NO_BREAK",
    "PARTS",
    "PART_NAMES",
    "RESAMPLES",
    "Balance",
    "Distribution",
    "Explanation",
    "Part",
    "Precision",
    "Recipe",
    "ResizeMode",
    "Schedule",
    "Views",
    "counted",
    "first_few",
    "part_named",
    "percent",
]

Part = Literal["train", "validation", "calibration", "test"]
"""Weights are fitted on train, choices made on validation, thresholds set on calibration, and test
is opened once, at the end."""

PARTS: tuple[Part, ...] = get_args(Part)

JUDGED: tuple[Part, ...] = tuple(part for part in PARTS if part != "train")
"""The parts that judge in one way or another: nobody judges by what was trained on."""

ResizeMode = Literal["stretch", "pad"]
"""How an image that is not square becomes square: filling it, or keeping its shape."""

Balance = Literal["augment", "weights", "none"]
"""How unequal classes are made up for: augmented views, weights in the loss, or not at all."""

Precision = Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"]
"""Numbers that a network computes with: as the device allows, or one of Keras' dtype policies."""

Recipe = Literal["from_scratch", "head_only", "fine_tune"]
"""Which layers are trained: all; those after `features`; those first, and then all by stages."""

Schedule = Literal["one_cycle", "constant"]
"""How the learning rate goes: up, and down along a cosine; or nowhere."""

Distribution = Literal["none", "data_parallel"]
"""What trains a network: one device, or all of them, each with its rows of every batch."""

Explanation = Literal["grad_cam", "occlusion"]
"""What shows where in an image a score came from: gradients, or covering patch after patch."""

Views = Literal["none", "flips", "dihedral"]
"""From which sides an image is looked at: as it is, mirrored too, or turned as well."""

AUTO = "auto"
"""What stands for the fastest engine of those that give what Keras gives."""

RESAMPLES = 2000
"""How often units are drawn anew for the interval of a figure that is no plain share."""

MISSING = "–"
"""What stands for a figure that there is not."""

NO_BREAK = "\N{NO-BREAK SPACE}"

_PARTS_BY_NAME: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "calib": "calibration",
    "calibration": "calibration",
    "test": "test",
    "testing": "test",
}

PART_NAMES: tuple[str, ...] = tuple(_PARTS_BY_NAME)
"""Every name that `part_named` knows, in lower case."""


def part_named(name: str) -> Part | None:
    """Return the part that a folder's name or a table's cell means, or `None`.

    Example:
        >>> part_named("Valid")
        'validation'
        >>> part_named("neutrophil") is None
        True
    """
    return _PARTS_BY_NAME.get(name.strip().lower())


def counted(count: int, one: str, several: str = "") -> str:
    """Write a number with what it counts.

    Args:
        count: The number.
        one: What a single one is called.
        several: What more are called, or none; `one` with an s where left out.

    Example:
        >>> counted(1, "file"), counted(1920, "file"), counted(8, "class", "classes")
        ('1 file', '1,920 files', '8 classes')
    """
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def first_few(names: Iterable[object], *, most: int = 5, separator: str = ", ") -> str:
    """Name the first few of what may be very many, and count the rest.

    Args:
        names: What is named.
        most: How many are named.
        separator: What stands between them.

    Example:
        >>> first_few(["a.png"]), first_few(range(2, 9)), first_few("abc", most=1)
        ('a.png', '2, 3, 4, 5, 6 and 2 more', 'a and 2 more')
    """
    texts = [str(name) for name in names]
    more = len(texts) - most
    return f"{separator.join(texts[:most])}{f' and {more:,} more' if more > 0 else ''}"


def percent(share: float, *, digits: int = 1) -> str:
    r"""Write a share from 0 to 1 in percent; "100.0 %" means all and "0.0 %" means none.

    Args:
        share: The share; NaN where there is none.
        digits: Digits after the point.

    Example:
        >>> percent(141 / 144), percent(0.65, digits=0)
        ('97.9\xa0%', '65\xa0%')
        >>> percent(1999.9 / 2000)
        '> 99.9\xa0%'
    """
    if math.isnan(share):
        return MISSING
    least = 10**-digits
    text = f"{100 * share:.{digits}f}"
    if share < 1 and text == f"{100:.{digits}f}":
        text = f"> {100 - least:.{digits}f}"
    if share > 0 and text == f"{0:.{digits}f}":
        text = f"< {least:.{digits}f}"
    return f"{text}{NO_BREAK}%"
