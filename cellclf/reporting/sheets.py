"""Sheets of cells: samples of each class, augmented views, and what was said of some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from cellclf.reporting.style import INK, MUTED, RIGHT, WRONG, house_style, wrapped
from cellclf.terms import percent

__all__ = ["augmented_sheet", "cell_sheet", "sample_sheet"]

# All lengths are inches: a sheet is one pair of axes whose unit is the inch.
WIDTH = 10.0
MARGIN = 0.1
ROOM = WIDTH - 2 * MARGIN
PIXELS_PER_INCH = 192
NAME_WIDTH = 1.55
GAP = 0.07
LARGEST = 1.05
SMALL_TEXT = 8.5

LETTERS_PER_INCH = 16.7
"""Small letters that fit beside each other."""

CELLS_ABREAST = 6
PICTURES_ABREAST = 9
"""Most pictures beside each other where cells have several."""

Images = NDArray[np.uint8]


def sample_sheet(
    images: Images, labels: ArrayLike, classes: Sequence[str], *, per_class: int = 9
) -> Figure:
    """Draw a row of cells of each class, named at the left.

    Args:
        images: `(n, height, width, 3)`, RGB.
        labels: Index in `classes` of each image, `(n,)`.
        classes: Class names; one without an image has an empty row.
        per_class: The first so many images of each class are drawn.
    """
    numbers = np.asarray(labels)
    side = min(LARGEST, (ROOM - NAME_WIDTH + GAP) / per_class - GAP)
    with house_style():
        figure, axes = _empty_sheet(len(classes) * (side + GAP))
        for row, name in enumerate(classes):
            top = row * (side + GAP)
            _name_row(axes, name, top + side / 2)
            for column, place in enumerate(np.flatnonzero(numbers == row)[:per_class]):
                _draw_cell(axes, images[place], NAME_WIDTH + column * (side + GAP), top, side)
        return figure


def augmented_sheet(
    originals: Images, views: NDArray[np.uint8], *, names: Sequence[str] = ()
) -> Figure:
    """Draw each original at the left and its augmented views beside it.

    Args:
        originals: `(n, height, width, 3)`, RGB.
        views: `(n, views, height, width, 3)`, RGB.
        names: Class name of each original, or nothing.
    """
    count = views.shape[1]
    parting, heading = 0.22, 0.3
    side = min(LARGEST, (ROOM - NAME_WIDTH - parting) / (count + 1) - GAP)
    beside = NAME_WIDTH + side + GAP + parting
    with house_style():
        figure, axes = _empty_sheet(heading + len(originals) * (side + GAP))
        for left, words in ((NAME_WIDTH, "original"), (beside, "augmented views")):
            axes.text(left, heading / 2, words, color=MUTED, va="center")
        for row, original in enumerate(originals):
            top = heading + row * (side + GAP)
            if row < len(names):
                _name_row(axes, names[row], top + side / 2)
            _draw_cell(axes, original, NAME_WIDTH, top, side)
            for column, view in enumerate(views[row]):
                _draw_cell(axes, view, beside + column * (side + GAP), top, side)
        return figure


def cell_sheet(
    images: Images, table: pd.DataFrame, *, overlays: Mapping[str, Images] | None = None
) -> Figure:
    """Draw cells with what was said of each below it.

    Args:
        images: `(n, height, width, 3)`, RGB.
        table: Predictions, one row an image, columns `sample_id`, `label`, `top_class` and
            `confidence`.
        overlays: Images to be drawn beside each, `(n, height, width, 3)`, by what they are called.
    """
    beside = overlays or {}
    pictures = 1 + len(beside)
    columns = max(1, PICTURES_ABREAST // pictures) if beside else CELLS_ABREAST
    gap, caption, heading = 0.16, 0.9, 0.24 if beside else 0.0
    width = (ROOM + gap) / columns - gap
    side = (width + GAP) / pictures - GAP
    with house_style():
        lines = -(-len(images) // columns)
        figure, axes = _empty_sheet(heading + lines * (side + caption))
        for place, record in enumerate(table.to_dict("records")):
            left = (place % columns) * (width + gap)
            top = heading + (place // columns) * (side + caption)
            for number, (name, drawn) in enumerate({"cell": images, **beside}.items()):
                across = left + number * (side + GAP)
                _draw_cell(axes, drawn[place], across, top, side)
                if beside and place < columns:
                    axes.text(
                        across, heading / 2, name, color=MUTED, fontsize=SMALL_TEXT, va="center"
                    )
            _say_below(axes, record, left, top + side, round(width * LETTERS_PER_INCH))
        return figure


def _say_below(
    axes: Axes, record: Mapping[Any, Any], left: float, top: float, letters: int
) -> None:
    """Write what was said of a cell on lines of at most so many letters."""
    right = record["label"] == record["top_class"]
    lines = (
        (f"true: {record['label']}", RIGHT),
        (f"predicted: {record['top_class']}", RIGHT if right else WRONG),
        (f"confidence {percent(record['confidence'])}", MUTED),
        (_end_of(str(record["sample_id"]), letters), MUTED),
    )
    for number, (words, colour) in enumerate(lines):
        axes.text(
            left,
            top + 0.13 + number * 0.165,
            wrapped(words, letters, lines=1),
            color=colour,
            fontsize=SMALL_TEXT,
            va="center",
        )


def _end_of(name: str, length: int) -> str:
    """The end of a name, which tells files apart, where all of it is too long."""
    return name if len(name) <= length else f"…{name[1 - length :]}"


def _empty_sheet(height: float) -> tuple[Figure, Axes]:
    """Return a figure and axes whose zero is the upper left corner, inside a margin."""
    figure = Figure(figsize=(WIDTH, height + 2 * MARGIN))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-MARGIN, WIDTH - MARGIN), ylim=(height + MARGIN, -MARGIN))
    axes.axis("off")
    return figure, axes


def _draw_cell(axes: Axes, image: Images, left: float, top: float, side: float) -> None:
    """Draw one image into a square, keeping its proportions."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    middle_x, middle_y = left + side / 2, top + side / 2
    reach_x, reach_y = width * scale / 2, height * scale / 2
    picture = Image.fromarray(np.ascontiguousarray(image))
    # More pixels than a fine screen shows would only make the report heavy.
    most = round(side * PIXELS_PER_INCH)
    picture.thumbnail((most, most), Image.Resampling.LANCZOS)
    axes.imshow(
        np.asarray(picture),
        extent=(middle_x - reach_x, middle_x + reach_x, middle_y + reach_y, middle_y - reach_y),
        aspect="auto",
    )


def _name_row(axes: Axes, name: str, middle: float) -> None:
    """Write a class name at the left of its row of cells."""
    axes.text(0, middle, wrapped(name, 20), va="center", color=INK)
