"""The PBC set, read from a folder under whichever of its names it was unpacked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from cellclf import IMAGE_SUFFIXES, DataError, NoParams, Part, Sample, Samples, part_named
from cellclf_blood.vocabulary import CLASSES, class_of_file, class_of_folder

__all__ = ["load"]

SHOWN = 5


def _images(root: Path) -> Iterator[PurePath]:
    """Paths below `root` of all files that look like images, less hidden ones and litter."""
    for folder, inner, files in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith((".", "__"))]
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES:
                yield PurePath(folder, name).relative_to(root)


def _class_by_folder(path: PurePath) -> str | None:
    """The class that the innermost telling folder of `path` names."""
    named = (class_of_folder(folder) for folder in reversed(path.parts[:-1]))
    return next((label for label in named if label is not None), None)


def _given_part(path: PurePath) -> Part | None:
    named = (part_named(folder) for folder in path.parts[:-1])
    return next((part for part in named if part is not None), None)


def _refuse_unknown(root: Path, unknown: list[PurePath]) -> None:
    folders = sorted({(root / path).parent.as_posix() for path in unknown})
    more = f" and {len(folders) - SHOWN} more" if len(folders) > SHOWN else ""
    raise DataError(
        f"every image must lie in a folder named after its class: {', '.join(CLASSES)} (plurals, "
        "upper case and the published long names are understood too). Received "
        f"{len(unknown)} images in {', '.join(folders[:SHOWN])}{more}. Rename or move these "
        "folders, or read the set as `image_folder`, which takes any class names."
    )


def load(params: NoParams, *, root: Path) -> Samples:
    """Read the set, or any part of it with at least two classes.

    Class folders may lie at any depth, below `train`, `val`, `calibration` and `test` folders too,
    whose division is then kept. Where no image at all lies in a class folder, the prefixes of the
    published file names (`SNE_727213.jpg`) say the class.

    Args:
        params: None.
        root: The folder that holds the set.

    Returns:
        One sample a file, ordered by path; ids are paths below `root`. `classes` are those that
        are present, in the published order.

    Raises:
        DataError: No such folder, no images in it, folders that name no class, or a single class.
    """
    del params
    if not root.is_dir():
        raise DataError(
            f"`--data` must be the folder that holds the blood cell images. Received: {root}, "
            f"which {'is a file' if root.exists() else 'does not exist'}."
        )
    paths = sorted(_images(root), key=PurePath.as_posix)
    if not paths:
        raise DataError(
            f"{root} must hold images ({', '.join(IMAGE_SUFFIXES)}) in folders named "
            f"{', '.join(CLASSES)}. Received: a folder without any image. Is the archive unpacked?"
        )
    labels = [_class_by_folder(path) for path in paths]
    if not any(labels):
        labels = [class_of_file(path.name) for path in paths]
    unknown = [path for path, label in zip(paths, labels, strict=True) if label is None]
    if unknown:
        _refuse_unknown(root, unknown)
    samples = tuple(
        Sample(id=path.as_posix(), label=label, path=str(root / path), split=_given_part(path))
        for path, label in zip(paths, labels, strict=True)
        if label is not None
    )
    present = {sample.label for sample in samples}
    if len(present) == 1:
        raise DataError(
            f"{root} must hold at least two classes of {', '.join(CLASSES)}. Received: only "
            f"{present.pop()}. Name the folder above it."
        )
    return Samples(samples=samples, classes=tuple(name for name in CLASSES if name in present))
