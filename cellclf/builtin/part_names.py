"""What publishers of image sets call the four parts."""

from __future__ import annotations

from cellclf.data.samples import Part

__all__ = ["KNOWN_NAMES", "part_named"]

_PARTS: dict[str, Part] = {
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

KNOWN_NAMES: tuple[str, ...] = tuple(_PARTS)
"""Every name that `part_named` knows, in lower case."""


def part_named(name: str) -> Part | None:
    """Return the part that a folder's name or a table's cell means, or `None`.

    Example:
        >>> part_named("Valid")
        'validation'
        >>> part_named("neutrophil") is None
        True
    """
    return _PARTS.get(name.strip().lower())
