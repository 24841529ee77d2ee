"""The set as it was published: `fold_0/all/UID_11_10_1_all.bmp`."""

from __future__ import annotations

import re
from pathlib import Path

from cellclf import DataError, Sample, Samples, list_files

from cellclf_leukaemia_blasts.about import CLASSES, OBTAIN
from cellclf_leukaemia_blasts.params import CellsParams

__all__ = ["load"]

PUBLISHED = re.compile(
    r"fold_(?P<fold>\d)/(?:all|hem)/UID_(?P<subject>H?\d+)_\d+_\d+_(?P<tag>all|hem)\.\w+$"
)

CLASS_OF = {"all": "blast", "hem": "normal"}


def load(params: CellsParams, *, root: Path) -> Samples:
    """Read the set from a folder or a zip file of it; no image is opened.

    Args:
        params: Which folds.
        root: The folder or file.

    Returns:
        One sample an image, ordered by path, with the group `subject`.

    Raises:
        DataError: No images, one that is not called as published, or a class without images.
    """
    listing = list_files(root, obtain=OBTAIN)
    if not listing.images:
        raise DataError(
            f"{root} must hold the folders fold_0, fold_1 and fold_2. Received: "
            f"{listing.found}. {OBTAIN}"
        )
    samples: list[Sample] = []
    for image in listing.images:
        named = PUBLISHED.search(image.id)
        if named is None:
            raise DataError(
                f"every image in {root} must be called as published, such as "
                f"fold_0/all/UID_11_10_1_all.bmp. Received: {image.id}. {OBTAIN}"
            )
        if int(named["fold"]) in params.folds:
            label, subject = CLASS_OF[named["tag"]], named["subject"]
            samples.append(image.sample(label=label, groups={"subject": subject}))
    missing = set(CLASSES) - {sample.label for sample in samples}
    if missing:
        raise DataError(
            f"folds {params.folds} of {root} must hold both classes. Received: none of "
            f"{', '.join(sorted(missing))}"
        )
    return Samples(samples=tuple(samples), classes=CLASSES)
