"""Cells marked by their centres in whole fields, as the set is published."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cellclf import DataError, ImageError, ListedFile, Listing, Sample
from cellclf_red_cells.about import UNCATEGORISED, class_of_number

__all__ = ["BOX_SIDE", "WHOLE_CELL", "read_fields"]

BOX_SIDE = 80
"""Pixels along each side of the box around a cell: the cell, and some of what is around it."""

WHOLE_CELL = 25
"""Pixels from its centre to the border of the field within which a cell is taken for cut off.

A red cell of the set is some 43 pixels across, and reaches 25 from its marked centre (medians by
benchmarks/red_cell_extent.py over 1,018 cells).
"""

ENDLESS = math.inf
"""Sides of a field that cannot be read: its cells stay, and a run lists them with the reason."""

NO_SHAPE = "cells that their publisher calls uncategorised are left out"
CUT_OFF = (
    f"cells whose centre is less than {WHOLE_CELL} pixels from the border of their field are left "
    "out: the border cuts them off"
)
TWICE = "cells are left out that are marked again at a place that has a shape already"
DISPUTED = "cells are left out that are marked with more than one shape at one place"

Place = tuple[str, str]
"""The folder that `Dataset` and `Label` lie in, and the name of a field."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mark:
    """One line of a label file: which one, where the centre is, and the number of the shape."""

    line: int
    x: int
    y: int
    number: int


def read_fields(listing: Listing) -> tuple[tuple[Sample, ...], tuple[str, ...]] | None:
    """Return one sample a cell, field by field in the order of their labels, and the notes.

    `None` where there are no label files: the set lies there in another layout.

    Raises:
        DataError: A label file that holds something else than `x y number`.
    """
    labels = _by_place(listing.with_suffix(".txt"), "label")
    if not labels:
        return None
    fields = _by_place(listing.images, "dataset")
    left_out: Counter[str] = Counter()
    left_out["fields have no label file and are left out"] = len(fields.keys() - labels.keys())
    left_out["label files have no field and are left out"] = len(labels.keys() - fields.keys())
    samples = tuple(
        sample
        for place, field in fields.items()
        if place in labels
        for sample in _cells(field, labels[place], left_out)
    )
    return samples, tuple(f"{count:,} {what}" for what, count in left_out.items() if count)


def _by_place(files: tuple[ListedFile, ...], folder: str) -> Mapping[Place, ListedFile]:
    return {
        ("/".join(file.folders[:-1]), file.stem): file
        for file in files
        if file.folders and file.folders[-1].lower() == folder
    }


def _cells(field: ListedFile, label: ListedFile, left_out: Counter[str]) -> Iterator[Sample]:
    marks = _marks(label)
    boxes = _boxes(field, marks, left_out)
    for box, (mark, *others) in boxes.items():
        if any(other.number != mark.number for other in others):
            left_out[DISPUTED] += 1 + len(others)
            continue
        left_out[TWICE] += len(others)
        yield field.sample(
            id=f"{field.id}#{mark.line:03}",
            label=str(class_of_number(mark.number)),
            box=box,
            groups={"field": field.stem},
        )


def _boxes(
    field: ListedFile, marks: tuple[_Mark, ...], left_out: Counter[str]
) -> Mapping[Box, list[_Mark]]:
    """The marks of whole cells with a shape, by the box around each."""
    try:
        size: tuple[float, float] = field.image_size()
    except ImageError:
        size = ENDLESS, ENDLESS
    height, width = size
    boxes: defaultdict[Box, list[_Mark]] = defaultdict(list)
    for mark in marks:
        if mark.number == UNCATEGORISED:
            left_out[NO_SHAPE] += 1
        elif min(mark.x, width - mark.x, mark.y, height - mark.y) < WHOLE_CELL:
            left_out[CUT_OFF] += 1
        else:
            left, top = _inside(mark.x, width), _inside(mark.y, height)
            boxes[left, top, left + BOX_SIDE, top + BOX_SIDE].append(mark)
    return boxes


def _inside(centre: int, length: float) -> int:
    """Where a box around `centre` begins; near a border it is moved to lie within the field."""
    return int(max(0, min(centre - BOX_SIDE // 2, length - BOX_SIDE)))


def _marks(label: ListedFile) -> tuple[_Mark, ...]:
    lines = label.read().decode("utf-8", errors="replace").splitlines()
    return tuple(_mark(label, number, line) for number, line in enumerate(lines) if line.strip())


def _mark(label: ListedFile, line: int, text: str) -> _Mark:
    try:
        x, y, number = map(int, text.split())
    except ValueError:
        x, y, number = -1, -1, -1
    if min(x, y) < 0 or (number != UNCATEGORISED and class_of_number(number) is None):
        raise DataError(
            f"every line of {label.id} must be the x and y of a cell and the number of its shape, "
            f"0 to 12. Received: {text[:60]!r} in line {line + 1}"
        )
    return _Mark(line=line, x=x, y=y, number=number)
