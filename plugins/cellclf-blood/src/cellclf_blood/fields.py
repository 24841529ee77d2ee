"""Red cells, white cells and platelets, cut from whole fields by the boxes that were drawn."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cellclf import (
    DataError,
    ImageError,
    ListedFile,
    Listing,
    Part,
    Sample,
    Samples,
    list_files,
    part_named,
)
from cellclf_blood.layout import given_parts, present_classes
from cellclf_blood.params import FieldsParams
from cellclf_blood.sources import BCCD_FIELDS
from cellclf_blood.voc import NamedBox, read_boxes

__all__ = ["CLASSES", "load"]

CLASSES: tuple[str, ...] = ("red_cell", "white_cell", "platelet")

NAMES: Mapping[str, str] = {"rbc": "red_cell", "wbc": "white_cell", "platelet": "platelet"}
"""Classes by what the annotations say, in lower case and singular."""

ANNOTATIONS, IMAGES, LISTS = "annotations", "jpegimages", "imagesets/main"
"""Folders of the layout, in lower case."""

LEAST_SIDE = 2
"""Pixels of the shorter side of a box that shows something."""

NOWHERE = math.inf
"""Height and width of a field that cannot be read: its boxes are not cut, and it is reported."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Field:
    """An image with the file that says what is where on it."""

    image: ListedFile
    annotation: ListedFile
    part: Part | None


def load(params: FieldsParams, *, root: Path) -> Samples:
    """Read a set in the layout of Pascal VOC: `Annotations`, `JPEGImages`, `ImageSets/Main`.

    Cells of one field share its stain, its focus and often each other's borders: they are one
    group. Where `ImageSets/Main` holds lists called train, val or test, they are the given division
    of the fields; `trainval` is their union and adds nothing. Boxes that reach out of the field are
    cut to it. Boxes of less than 2 pixels, and a box drawn twice for one class, are left out; notes
    say how many.

    Args:
        params: How much around each box.
        root: The folder or zip file that holds the three folders, at any depth.

    Returns:
        One sample a box, with ids such as `JPEGImages/BloodImage_00001.jpg#004`, field by field in
        the order of the annotation; `groups` has the `field`.

    Raises:
        DataError: Nothing there, no fields with boxes, an annotation that cannot be read or names
            an unknown class, or a field in two lists.
    """
    listing = list_files(root, obtain=BCCD_FIELDS.obtain)
    fields, notes = _fields(listing)
    if not fields:
        raise DataError(
            f"{root} must hold fields in folders JPEGImages, and a file for each, of the same "
            f"name, in Annotations beside it. Received: none; {listing.found}. "
            f"{BCCD_FIELDS.obtain}"
        )
    parts = given_parts([field.part for field in fields])
    odd: Counter[str] = Counter()
    samples = tuple(
        sample
        for field, part in zip(fields, parts, strict=True)
        for sample in _cells(field, part, params.margin, odd)
    )
    classes = present_classes((sample.label for sample in samples), CLASSES, at=listing)
    notes += [f"{what}: {count}" for what, count in sorted(odd.items())]
    return Samples(samples=samples, classes=classes, notes=tuple(notes))


def _fields(listing: Listing) -> tuple[list[_Field], list[str]]:
    """The fields that have annotations, in the order of their ids, and what was left out."""
    annotations = _by_place(listing.with_suffix(".xml"), ANNOTATIONS)
    images = _by_place(listing.images, IMAGES)
    parts = _parts(listing)
    fields = [
        _Field(image=image, annotation=annotations[place], part=parts.get(place))
        for place, image in images.items()
        if place in annotations
    ]
    missing = {
        "fields left out, without an annotation": len(images) - len(fields),
        "annotations left out, without a field": len(annotations) - len(fields),
    }
    return fields, [f"{what}: {count}" for what, count in missing.items() if count]


def _by_place(files: tuple[ListedFile, ...], folder: str) -> dict[tuple[str, str], ListedFile]:
    """Files in folders of this name, by the place of that folder and their name without suffix."""
    found: dict[tuple[str, str], ListedFile] = {}
    for file in files:
        if not file.folders or file.folders[-1].lower() != folder:
            continue
        place = "/".join(file.folders[:-1]), file.stem
        if place in found:
            raise DataError(
                "every field must have a name of its own. Received: "
                f"{found[place].id} and {file.id}"
            )
        found[place] = file
    return found


def _parts(listing: Listing) -> dict[tuple[str, str], Part]:
    """The part of each field, by the place of its folders and its name."""
    listed: defaultdict[tuple[str, str], dict[Part, ListedFile]] = defaultdict(dict)
    for file in listing.with_suffix(".txt"):
        part = part_named(file.stem)
        if part is None or "/".join(file.folders[-2:]).lower() != LISTS:
            continue
        place = "/".join(file.folders[:-2])
        for line in file.read().decode("utf-8", errors="replace").splitlines():
            if line.strip():
                listed[place, line.strip()][part] = file
    for (_, name), lists in listed.items():
        if len(lists) > 1:
            raise DataError(
                f"every field must be in one list. Received: {name} in "
                f"{' and '.join(file.id for file in lists.values())}"
            )
    return {place: next(iter(lists)) for place, lists in listed.items()}


def _cells(field: _Field, part: Part | None, margin: float, odd: Counter[str]) -> Iterator[Sample]:
    """The cells of one field; what is odd about its boxes is counted."""
    try:
        boxes = read_boxes(field.annotation.read())
        labels = [_label(box) for box in boxes]
    except DataError as error:
        raise DataError(f"the annotation {field.annotation.id} {error}") from error
    try:
        size: tuple[float, float] = field.image.image_size()
    except ImageError:
        size = NOWHERE, NOWHERE
    seen: set[tuple[str, tuple[int, int, int, int]]] = set()
    for number, (box, label) in enumerate(zip(boxes, labels, strict=True)):
        cut = _cut(box, size, margin=0.0)
        if min(cut[2] - cut[0], cut[3] - cut[1]) < LEAST_SIDE:
            odd[f"boxes left out, with sides of less than {LEAST_SIDE} pixels"] += 1
        elif (label, cut) in seen:
            odd["boxes left out, drawn twice"] += 1
        else:
            if cut != (box.left, box.top, box.right, box.bottom):
                odd["boxes fitted, reaching out of their field or between pixels"] += 1
            seen.add((label, cut))
            yield field.image.sample(
                id=f"{field.image.id}#{number:03d}",
                label=label,
                box=_cut(box, size, margin=margin),
                groups={"field": field.image.id},
                split=part,
            )


def _label(box: NamedBox) -> str:
    label = NAMES.get(box.name.lower().removesuffix("s"))
    if label is None:
        raise DataError(f"must name RBC, WBC or Platelets. Received: {box.name!r}")
    return label


def _cut(box: NamedBox, size: tuple[float, float], *, margin: float) -> tuple[int, int, int, int]:
    """The whole pixels of a box and its margin that lie inside the field."""
    height, width = size
    across, down = margin * (box.right - box.left), margin * (box.bottom - box.top)
    return (
        math.floor(max(0, box.left - across)),
        math.floor(max(0, box.top - down)),
        math.ceil(min(width, box.right + across)),
        math.ceil(min(height, box.bottom + down)),
    )
