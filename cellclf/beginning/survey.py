"""What a folder of images holds, none of them decoded: what a first experiment is chosen by."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cellclf.beginning.group_names import GroupGuess, guess_groups
from cellclf.checking import choose
from cellclf.data.reading import image_size
from cellclf.data.samples import Sample, Samples
from cellclf.errors import DataError, ImageError, SplitError
from cellclf.pipeline.load import load_dataset
from cellclf.registry import Registry
from cellclf.specs import DatasetSpec
from cellclf.terms import PARTS, Part

__all__ = ["DATASET", "LEAST_UNITS", "Sides", "Survey", "survey"]

DATASET = "image_folder"

LEAST_UNITS = 3
"""Separate images or groups of a class that a division needs: for training, validation and test."""

LOOKED_AT = 200
"""Images whose header is read, evenly over all of them."""

SQUARE = 1.1
"""Longer by shorter side up to which filling a square hardly changes the shape of a cell."""


@dataclass(frozen=True, kw_only=True)
class Sides:
    """How large images are.

    Attributes:
        looked_at: How many were looked at.
        least: Their smallest longer side, in pixels.
        median: The median of these.
        most: The largest.
        oblong: Share of images whose sides differ by more than a tenth, 0 to 1.
    """

    looked_at: int
    least: int
    median: int
    most: int
    oblong: float


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a folder holds.

    Attributes:
        folder: As it was named.
        classes: Images of each class, by name.
        parts: Images of each part that the set comes divided into; empty where it does not.
        sides: How large the images are; `None` where no header could be read.
        groups: What their names suggest belongs together.
    """

    folder: Path
    classes: Mapping[str, int]
    parts: Mapping[Part, int]
    sides: Sides | None
    groups: GroupGuess | None

    @property
    def images(self) -> int:
        """How many images there are."""
        return sum(self.classes.values())

    @property
    def too_small(self) -> tuple[str, ...]:
        """Classes that have to be left out, where that leaves enough of them."""
        small = [name for name, count in self.classes.items() if count < LEAST_UNITS]
        leaves_enough = len(self.classes) - len(small) > 1
        return tuple(small) if leaves_enough and not self.parts else ()

    @property
    def keeps_groups(self) -> bool:
        """Whether each group that the names tell of is kept in one part."""
        guess = self.groups
        return guess is not None and guess.is_named and guess.fewest >= LEAST_UNITS

    @property
    def is_divided_anew(self) -> bool:
        """Whether the parts that the set comes with are not kept, as groups lie in several."""
        guess = self.groups
        return bool(self.parts) and guess is not None and guess.is_named and guess.divided > 0

    @property
    def learnt(self) -> Mapping[str, int]:
        """Images of each class that is not too small."""
        return {name: n for name, n in self.classes.items() if name not in self.too_small}

    @property
    def smallest(self) -> str:
        """The class with fewest images, of those that are not too small."""
        return min(self.learnt, key=lambda name: self.classes[name])

    @property
    def largest(self) -> str:
        """The class with most images."""
        return max(self.learnt, key=lambda name: self.classes[name])


def survey(folder: Path, registry: Registry) -> Survey:
    """Look at a folder of images, one folder a class, or a zip file of it.

    Args:
        folder: The folder or file.
        registry: Where the dataset that reads it is looked up.

    Raises:
        DataError: No images, no classes, or a layout in which the class of an image is unclear.
        SplitError: A single class.
    """
    choice = choose(DatasetSpec, DATASET, {}, registry, at="data.dataset", params_at="data.params")
    samples = load_dataset(choice, folder)
    if not samples.classes:
        raise DataError(
            f"the images in {folder} lie in no folders of classes, so nothing can be learnt from "
            "them. Sort them into one folder a class, or look at them with "
            f"`cellclf audit --data {folder}`"
        )
    if len(samples.classes) < 2:
        raise SplitError(
            f"there is only one class in {folder}, {samples.classes[0]!r}; a classifier needs at "
            "least two. Name the folder above the folders of the classes"
        )
    parts = Counter(sample.split for sample in samples if sample.split is not None)
    return Survey(
        folder=folder,
        classes=samples.counts,
        parts={part: parts[part] for part in PARTS if parts[part]},
        sides=_sides(samples),
        groups=guess_groups(samples),
    )


def _sides(samples: Samples) -> Sides | None:
    step = max(1, len(samples) // LOOKED_AT)
    found = [size for sample in samples.samples[::step] if (size := _size(sample)) is not None]
    if not found:
        return None
    longer = sorted(max(size) for size in found)
    return Sides(
        looked_at=len(found),
        least=longer[0],
        median=statistics.median_high(longer),
        most=longer[-1],
        oblong=sum(max(size) > SQUARE * min(size) for size in found) / len(found),
    )


def _size(sample: Sample) -> tuple[int, int] | None:
    try:
        return image_size(sample)
    except ImageError:  # `cellclf audit` and the run name it
        return None
