"""Cells that were cut from their fields beforehand, sorted into folders by shape."""

from __future__ import annotations

import re

from cellclf import DataError, ListedFile, Listing, Sample
from cellclf_red_cells.about import CLASSES, class_of_folder

__all__ = ["read_crops"]

NAME = re.compile(r"(?P<field>\d+)_(?P<number>\d+)")
SHOWN = 3


def read_crops(listing: Listing) -> tuple[tuple[Sample, ...], tuple[str, ...]]:
    """Return one sample a file, in the order of the ids, and no notes.

    Raises:
        DataError: A folder that names no shape, or a file that names no field.
    """
    images = listing.images
    strange = sorted({"/".join(image.folders) or "." for image in images if _shape(image) is None})
    if strange:
        raise DataError(
            f"every image in {listing.root} must lie in a folder named after its shape: "
            f"{', '.join(CLASSES)}. Received: images in {_few(strange)}. Move these elsewhere, or "
            "read the set as `image_folder`, which takes any class names."
        )
    nameless = [image.id for image in images if not NAME.fullmatch(image.stem)]
    if nameless:
        raise DataError(
            f"every file in {listing.root} must be called after its field, such as 116_29.png for "
            "cell 29 of field 116: cells of one field may not be divided. Received: "
            f"{_few(nameless)}. For images of your own, use `image_folder` with "
            "data.group_pattern."
        )
    samples = tuple(
        image.sample(label=str(_shape(image)), groups={"field": image.stem.partition("_")[0]})
        for image in images
    )
    return samples, ()


def _shape(image: ListedFile) -> str | None:
    """The shape that the innermost telling folder names."""
    named = (class_of_folder(folder) for folder in reversed(image.folders))
    return next((shape for shape in named if shape is not None), None)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
