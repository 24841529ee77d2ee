"""Samples: where each image is, what it is called, and what it may not be parted from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import overload

import numpy as np
from numpy.typing import NDArray

from cellclf.errors import DataError, hint
from cellclf.terms import PARTS, Part, counted

__all__ = ["UNLABELLED", "Sample", "Samples", "Split"]

UNLABELLED = -1
"""Stands in `Samples.labels` for a sample without a label."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One image, and what is known of it.

    Attributes:
        id: Unique in its set and stable between runs: the path below the root, for files.
        label: Class name; empty where it is not known.
        path: Local path or address of the file that holds the image; `None` where the image is a
            row of `Samples.images`.
        index: That row.
        member: Name inside the archive at `path`.
        box: Part of the image that is meant, in pixels: left, top, right, bottom (exclusive).
        groups: What must stay together, by kind: `{"patient": "C132P"}`.
        split: The part that the set's publisher put it in, one of `PARTS`; `None` where none did.
    """

    id: str
    label: str
    path: str | None = None
    index: int | None = None
    member: str | None = None
    box: tuple[int, int, int, int] | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    split: Part | None = None

    def __post_init__(self) -> None:
        if (self.path is None) == (self.index is None):
            raise DataError(
                f"a sample must have either a path or an index. Received: path={self.path!r}, "
                f"index={self.index!r} for sample {self.id!r}"
            )
        if self.split is not None and self.split not in PARTS:
            raise DataError(
                f"`split` of sample {self.id!r} must be one of {', '.join(PARTS)}. "
                f"Received: {self.split!r}"
            )


@dataclass(frozen=True, kw_only=True)
class Samples(Sequence[Sample]):
    """A set of samples and the classes that they belong to.

    Attributes:
        samples: The samples, in an order that does not depend on the file system. Those without a
            label can be audited; a run refuses them.
        classes: Class names in the order of the network's outputs; none where no sample has a
            label.
        images: `uint8`, `(n, height, width, 3)`, RGB: what `Sample.index` points into.
        notes: What the reader of the set left out or changed, a sentence each without a full stop;
            a run warns of them.
    """

    samples: tuple[Sample, ...]
    classes: tuple[str, ...]
    images: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        repeated = [name for name, n in Counter(s.id for s in self.samples).items() if n > 1]
        if repeated:
            raise DataError(f"sample ids must be unique. Received twice: {repeated[0]!r}")
        unknown = {s.label for s in self.samples if s.label} - set(self.classes)
        if unknown:
            raise DataError(
                f"every label must be one of the classes {', '.join(self.classes)}. "
                f"Received: {', '.join(sorted(unknown))}"
            )

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    @overload
    def __getitem__(self, row: int) -> Sample: ...

    @overload
    def __getitem__(self, row: slice) -> tuple[Sample, ...]: ...

    def __getitem__(self, row: int | slice) -> Sample | tuple[Sample, ...]:
        return self.samples[row]

    @property
    def labels(self) -> NDArray[np.intp]:
        """Index of each sample's class in `classes`, `UNLABELLED` without one, shape `(n,)`."""
        order = {name: number for number, name in enumerate(self.classes)}
        numbers = [order.get(sample.label, UNLABELLED) for sample in self.samples]
        return np.array(numbers, dtype=np.intp)

    @property
    def counts(self) -> dict[str, int]:
        """How many samples each class has, in class order."""
        counted = Counter(sample.label for sample in self.samples)
        return {name: counted[name] for name in self.classes}

    @property
    def unlabelled(self) -> tuple[Sample, ...]:
        """The samples without a label."""
        return tuple(sample for sample in self.samples if not sample.label)

    @property
    def headline(self) -> str:
        """How many images of how many classes there are, in words.

        Example:
            >>> cells = tuple(Sample(id=f"{n}", label="ig", path=f"{n}") for n in range(2))
            >>> Samples(samples=cells, classes=("ig",)).headline
            '2 images of 1 class'
        """
        images = counted(len(self), "image")
        without = len(self.unlabelled)
        if without == len(self):
            return f"{images} without labels"
        classes = f"{images} of {counted(len(self.classes), 'class', 'classes')}"
        return f"{classes}, {without:,} without a label" if without else classes

    def ids(self, rows: Iterable[int]) -> tuple[str, ...]:
        """Return the ids of the samples in these rows, sorted."""
        return tuple(sorted(self.samples[row].id for row in rows))

    def keep(self, wanted: NDArray[np.bool_]) -> Samples:
        """Return the samples where `wanted`, shape `(n,)`, is true; the classes stay."""
        kept = tuple(s for s, want in zip(self.samples, wanted, strict=True) if want)
        return replace(self, samples=kept)

    def relabel(self, *, rename: Mapping[str, str], leave_out: Sequence[str] = ()) -> Samples:
        """Rename or merge classes, and leave some out; samples without a label stay.

        Args:
            rename: New name by old name; two old names with one new name are merged.
            leave_out: Old names of classes to drop, samples and all.

        Raises:
            DataError: A name that is not a class of this set.
        """
        for name in (*rename, *leave_out):
            if name not in self.classes:
                raise DataError(
                    f"{name!r} is not a class of this set: {', '.join(self.classes)}."
                    f"{hint(name, self.classes)}"
                )
        kept = [name for name in self.classes if name not in leave_out]
        classes = tuple(dict.fromkeys(rename.get(name, name) for name in kept))
        samples = tuple(
            replace(sample, label=rename.get(sample.label, sample.label))
            for sample in self.samples
            if sample.label in kept or not sample.label
        )
        return replace(self, samples=samples, classes=classes)


@dataclass(frozen=True, kw_only=True)
class Split:
    """Which part each sample is in.

    Attributes:
        parts: Name of the part of each sample, shape `(n,)`, strings of `PARTS`.
        warnings: What the user should know about how it came out.
    """

    parts: NDArray[np.str_]
    warnings: tuple[str, ...] = ()

    def rows(self, part: Part) -> NDArray[np.intp]:
        """Row numbers of the samples in `part`, ascending."""
        return np.flatnonzero(self.parts == part)
