"""What is known of the set: its classes, whose it is, and where it is published."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = [
    "CITATION",
    "CLASSES",
    "HOMEPAGE",
    "LICENCE",
    "OBTAIN",
    "UNCATEGORISED",
    "class_of_folder",
    "class_of_number",
]

UNCATEGORISED = 10
"""Number of the cells that the haematologists gave no type."""

NUMBERS: Mapping[int, str] = {
    0: "normal",
    1: "macrocyte",
    2: "microcyte",
    3: "spherocyte",
    4: "target",
    5: "stomatocyte",
    6: "ovalocyte",
    7: "teardrop",
    8: "burr",
    9: "schistocyte",
    11: "hypochromia",
    12: "elliptocyte",
}
"""Shapes by their number in the published label files."""

CLASSES: tuple[str, ...] = tuple(NUMBERS.values())
"""In the order of the network's outputs, which is that of the numbers."""

LICENCE = "MIT"

CITATION = (
    "Naruenatthanaset K, Chalidabhongse TH, Palasuwan D, Anantrasirichai N, Palasuwan A (2021). "
    "Red Blood Cell Segmentation with Overlapping Cell Separation and Classification on "
    "Imbalanced Dataset. arXiv:2012.01321. Chula RBC-12-Dataset, Chulalongkorn University."
)

HOMEPAGE = "https://github.com/Chula-PIC-Lab/Chula-RBC-12-Dataset"

OBTAIN = (
    f"Download the zip file of {HOMEPAGE} ('Code', 'Download ZIP') and name it with --data: it "
    "need not be unpacked."
)


def class_of_number(number: int) -> str | None:
    """Return the shape that a number in a label file means, or `None` where it means none.

    Example:
        >>> class_of_number(12)
        'elliptocyte'
        >>> class_of_number(UNCATEGORISED) is None
        True
    """
    return NUMBERS.get(number)


def class_of_folder(name: str) -> str | None:
    """Return the shape that a folder's name means, or `None` where it means none.

    Case, plurals, numbers and the word cell do not matter.

    Example:
        >>> class_of_folder("08 Burr cells")
        'burr'
        >>> class_of_folder("Dataset") is None
        True
    """
    words = [word.removesuffix("s") for word in re.findall("[a-z]+", name.lower())]
    named = [word for word in words if word not in ("cell", "rbc")]
    return named[0] if len(named) == 1 and named[0] in CLASSES else None
