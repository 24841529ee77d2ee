"""Kaggle's 'Blood Cell Images': 12,500 augmented files of a few hundred cells of the BCCD set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cellclf import DataError, ListedFile, Listing, Part, Samples, list_files
from cellclf_blood.layout import given_parts, present_classes, where
from cellclf_blood.params import BccdParams
from cellclf_blood.sources import BCCD

__all__ = ["CLASSES", "load"]

CLASSES: tuple[str, ...] = ("eosinophil", "lymphocyte", "monocyte", "neutrophil")

PARTS: dict[str, Part] = {"train": "train", "test": "test", "test_simple": "test"}
"""Published folders, in lower case."""

WHOLE_FIELDS = "jpegimages"
"""Folder of the fields that the cells were cut from, which come in the same download."""


def load(params: BccdParams, *, root: Path) -> Samples:
    """Read the folders TRAIN and TEST, or those that `params` names, as the given division.

    Files are rotated, flipped and shifted copies of a few originals. Which of them share one is
    written nowhere: the number in a file's name (`_5_1076.jpeg`) counts copies and is *not* the
    original. So no groups are given here. The audit of the pixels finds the copies, and a run then
    keeps each original in one part, or stops where TRAIN and TEST share it.

    Args:
        params: Which folders.
        root: The folder or zip file as downloaded, or any folder in it above the class folders.
            Whole fields (`JPEGImages`) are passed over.

    Returns:
        One sample a file, ordered by path; ids are paths below `root`. Where there are class
        folders alone, no division is given.

    Raises:
        DataError: Nothing there, no images in class folders, images elsewhere, or a single class.
    """
    listing = list_files(root, obtain=BCCD.obtain)
    cells = [image for image in listing.images if WHOLE_FIELDS not in _lower(image)]
    if not cells:
        raise DataError(
            f"{root} must hold images in folders named {', '.join(CLASSES)}, below TRAIN and TEST. "
            f"Received: no such image; {listing.found}. {BCCD.obtain}"
        )
    folders = [_published_folder(image) for image in cells]
    _refuse_elsewhere(listing, cells, folders)
    wanted = [
        (image, folder)
        for image, folder in zip(cells, folders, strict=True)
        if folder is None or folder in params.parts
    ]
    parts = given_parts([None if folder is None else PARTS[folder] for _, folder in wanted])
    samples = tuple(
        image.sample(label=_lower(image)[-1], split=part)
        for (image, _), part in zip(wanted, parts, strict=True)
    )
    classes = present_classes((sample.label for sample in samples), CLASSES, at=listing)
    return Samples(
        samples=samples, classes=classes, notes=tuple(_notes(params, listing, cells, folders))
    )


def _lower(image: ListedFile) -> list[str]:
    return [folder.lower() for folder in image.folders]


def _published_folder(image: ListedFile) -> str | None:
    """Which of `PARTS` a class folder lies in directly."""
    above = _lower(image)[-2:-1]
    return above[0] if above and above[0] in PARTS else None


def _refuse_elsewhere(listing: Listing, cells: list[ListedFile], folders: list[str | None]) -> None:
    """Every image lies in a class folder, and all class folders lie in parts, or none does."""
    divided = any(folders)
    elsewhere = [
        image
        for image, folder in zip(cells, folders, strict=True)
        if _lower(image)[-1:] not in [[name] for name in CLASSES] or (divided and folder is None)
    ]
    if elsewhere:
        raise DataError(
            f"every image must lie in a folder named {', '.join(CLASSES)}, and all these folders "
            "below TRAIN, TEST or TEST_SIMPLE, or none of them. Received: "
            f"{len(elsewhere)} images in {where(listing, elsewhere)}. Move them elsewhere, or read "
            "the set as `image_folder`."
        )


def _notes(
    params: BccdParams, listing: Listing, cells: list[ListedFile], folders: list[str | None]
) -> Iterator[str]:
    whole = len(listing.images) - len(cells)
    if whole:
        yield f"images left out, whole fields in JPEGImages: {whole}"
    for folder, count in Counter(folders).items():
        if folder is not None and folder not in params.parts:
            yield f"images left out, in {folder.upper()} (the parameter `parts` chooses): {count}"
