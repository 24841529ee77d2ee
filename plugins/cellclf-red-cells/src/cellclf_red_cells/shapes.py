"""The dataset `red_cell_shapes`: whole fields with labels, or cells that were cut from them."""

from __future__ import annotations

from pathlib import Path

from cellclf import DataError, NoParams, Samples, list_files
from cellclf_red_cells.about import CLASSES, OBTAIN
from cellclf_red_cells.crops import read_crops
from cellclf_red_cells.fields import read_fields

__all__ = ["load"]

LEAST_CLASSES = 2


def load(params: NoParams, *, root: Path) -> Samples:
    """Read the set as it is published, or as single cells, or any part of either.

    As published, a folder `Dataset` holds whole fields, and a folder `Label` beside it a text file
    for each, of lines `x y number`. Of each cell a box of 80 x 80 pixels around its centre is read.
    Cut out beforehand, the cells lie in folders named after their shapes, in files called
    `FIELD_NUMBER.png`.

    Args:
        params: None.
        root: The folder or zip file that holds the set.

    Returns:
        One sample a cell; `groups` has the `field`, since cells of one field share its stain, its
        focus and each other's borders. Classes are those present, in the published order. Notes
        say how many cells are left out, and why.

    Raises:
        DataError: Neither layout, a label file that is damaged, a folder that names no shape, a
            file that names no field, or a single class.
    """
    del params
    listing = list_files(root, obtain=OBTAIN)
    if not listing.images:
        raise DataError(
            f"{root} must hold fields in a folder Dataset with their labels in a folder Label, or "
            f"single cells in folders named after their shapes. Received: {listing.found}. {OBTAIN}"
        )
    samples, notes = read_fields(listing) or read_crops(listing)
    present = {sample.label for sample in samples}
    if len(present) < LEAST_CLASSES:
        raise DataError(
            f"{root} must hold at least {LEAST_CLASSES} shapes of {', '.join(CLASSES)}. Received: "
            f"{', '.join(present) or 'none'}. Name the folder above it."
        )
    return Samples(
        samples=samples,
        classes=tuple(name for name in CLASSES if name in present),
        notes=notes,
    )
