"""The dataset `malaria`: single red cells, read from a folder or a zip file as downloaded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from cellclf import DataError, ListedFile, NoParams, Part, Samples, list_files, part_named
from cellclf_malaria.about import CLASSES, OBTAIN
from cellclf_malaria.names import class_of_folder, patient_of_file

__all__ = ["load"]

SHOWN = 3
"""How many files or folders a message names."""


def load(params: NoParams, *, root: Path) -> Samples:
    """Read the set, or any part of it that holds both classes.

    Folders `Parasitized` and `Uninfected` may lie at any depth; folders `train`, `valid` and `test`
    above or below them are kept as the given division. (Those of the well-known copies share all
    patients, so a run refuses them.) The copy on Kaggle holds every image twice, once in a second
    folder `cell_images` within the first: the outer one is read.

    Args:
        params: None.
        root: The folder or zip file that holds the set.

    Returns:
        One sample an image, ordered by path; ids are paths below `root`, and the group `patient` is
        read from the file's name.

    Raises:
        DataError: No images there, a folder that names no class, a file that names no patient, or a
            single class.
    """
    del params
    listing = list_files(root, obtain=OBTAIN)
    if not listing.images:
        raise DataError(
            f"{root} must hold images in folders Parasitized and Uninfected. Received: "
            f"{listing.found}. {OBTAIN}"
        )
    images = _once(listing.images)
    divided = len({_part(image) for image in images}) > 1
    _require_classes(root, images)
    _require_patients(root, images)
    samples = tuple(
        image.sample(
            label=str(_class(image)),
            groups={"patient": str(patient_of_file(image.name))},
            split=_part(image) if divided else None,
        )
        for image in images
    )
    return Samples(samples=samples, classes=CLASSES, notes=_notes(listing.images, images))


def _class(image: ListedFile) -> str | None:
    """The class that the innermost telling folder names."""
    named = (class_of_folder(folder) for folder in reversed(image.folders))
    return next((label for label in named if label is not None), None)


def _part(image: ListedFile) -> Part | None:
    named = (part_named(folder) for folder in image.folders)
    return next((part for part in named if part is not None), None)


def _once(images: Sequence[ListedFile]) -> list[ListedFile]:
    """Of files with one name in one class and part, the one in the fewest folders.

    A name tells patient, second and cell, so two files of one name are one image.
    """
    first: dict[tuple[str, str | None, Part | None], ListedFile] = {}
    for image in sorted(images, key=lambda image: (len(image.folders), image.id)):
        first.setdefault((image.name, _class(image), _part(image)), image)
    return sorted(first.values(), key=lambda image: image.id)


def _require_classes(root: Path, images: Iterable[ListedFile]) -> None:
    folders = sorted({"/".join(image.folders) or "." for image in images if not _class(image)})
    if folders:
        raise DataError(
            f"every image in {root} must lie in a folder Parasitized or Uninfected. Received: "
            f"images in {_few(folders)}. Move these elsewhere, or read the set as `image_folder`, "
            "which takes any class names."
        )
    present = {_class(image) for image in images}
    if len(present) < len(CLASSES):
        raise DataError(
            f"{root} must hold both classes, {' and '.join(CLASSES)}. Received: only "
            f"{present.pop()}. Name the folder above it."
        )


def _require_patients(root: Path, images: Iterable[ListedFile]) -> None:
    nameless = [image.id for image in images if patient_of_file(image.name) is None]
    if nameless:
        raise DataError(
            f"every file in {root} must be called as published, with its case and patient, such as "
            "C132P93ThinF_IMG_20151004_152257_cell_112.png: cells of one patient may not be "
            f"divided. Received: {_few(nameless)}. For images of your own, use `image_folder` with "
            "data.group_pattern."
        )


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def _notes(found: Sequence[ListedFile], kept: Sequence[ListedFile]) -> tuple[str, ...]:
    copies = len(found) - len(kept)
    if not copies:
        return ()
    return (f"{copies:,} files are left out: each is a copy, by name, of one in an outer folder",)
