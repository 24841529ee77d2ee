"""The PBC set, read under whichever of its names it was downloaded or unpacked."""

from __future__ import annotations

from pathlib import Path

from cellclf import IMAGE_SUFFIXES, DataError, ListedFile, NoParams, Samples, list_files
from cellclf_blood.layout import given_parts, part_by_folder, present_classes, where
from cellclf_blood.sources import PBC
from cellclf_blood.vocabulary import CLASSES, class_of_file, class_of_folder

__all__ = ["load"]


def _class_by_folder(file: ListedFile) -> str | None:
    """The class that the innermost telling folder of a file names."""
    named = (class_of_folder(folder) for folder in reversed(file.folders))
    return next((label for label in named if label is not None), None)


def load(params: NoParams, *, root: Path) -> Samples:
    """Read the set, or any part of it with at least two classes.

    Class folders may lie at any depth, below `train`, `val`, `calibration` and `test` folders too,
    whose division is then kept. Where no image at all lies in a class folder, the prefixes of the
    published file names (`SNE_727213.jpg`) say the class. Hidden files, of which the published set
    holds some, are left out.

    Args:
        params: None.
        root: The folder or zip file that holds the set, as published or as on Kaggle.

    Returns:
        One sample a file, ordered by path; ids are paths below `root`. `classes` are those that
        are present, in the published order.

    Raises:
        DataError: Nothing there, no images in it, folders that name no class, or a single class.
    """
    del params
    listing = list_files(root, obtain=PBC.obtain)
    images = listing.images
    if not images:
        raise DataError(
            f"{root} must hold images ({', '.join(IMAGE_SUFFIXES)}) in folders named "
            f"{', '.join(CLASSES)}. Received: no image; {listing.found}. {PBC.obtain}"
        )
    labels = [_class_by_folder(image) for image in images]
    if not any(labels):
        labels = [class_of_file(image.name) for image in images]
    unknown = [image for image, label in zip(images, labels, strict=True) if label is None]
    if unknown:
        raise DataError(
            f"every image must lie in a folder named after its class: {', '.join(CLASSES)} "
            "(plurals, upper case and the published long names are understood too). Received "
            f"{len(unknown)} images in {where(listing, unknown)}. Rename or move these folders, or "
            "read the set as `image_folder`, which takes any class names."
        )
    parts = given_parts([part_by_folder(image) for image in images])
    samples = tuple(
        image.sample(label=label, split=part)
        for image, label, part in zip(images, labels, parts, strict=True)
        if label is not None
    )
    classes = present_classes((sample.label for sample in samples), CLASSES, at=listing)
    return Samples(samples=samples, classes=classes)
