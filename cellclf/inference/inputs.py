"""The images that are to be looked at: many names, each made into a sample when its turn comes."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Protocol, overload

import numpy as np
from numpy.typing import NDArray

from cellclf.data.samples import Sample

__all__ = ["Files", "Input", "Inputs", "Members", "PathLike", "Rows", "Source"]

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """One image that is to be looked at.

    Attributes:
        sample: Where it is; its id is what the table of predictions calls it.
        images: What `sample.index` points into, where it is a row of an array.
    """

    sample: Sample
    images: NDArray[np.uint8] | None = None


class Source(Protocol):
    """Images that came of one name, or of several of one kind."""

    @property
    def far(self) -> bool:
        """Whether reading is mostly waiting."""

    def __len__(self) -> int:
        """How many there are."""

    def id(self, place: int) -> str:
        """What the image is called."""

    def input(self, place: int) -> Input:
        """Where it is."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """Files by their paths, or by their addresses.

    Attributes:
        names: Paths as they were written, or addresses: also what the images are called.
        far: They are addresses.
    """

    names: Sequence[str]
    far: bool = False

    def __len__(self) -> int:
        return len(self.names)

    def id(self, place: int) -> str:
        """What the image is called."""
        return self.names[place]

    def input(self, place: int) -> Input:
        """Where it is."""
        name = self.names[place]
        return Input(sample=Sample(id=name, label="", path=name))


@dataclass(frozen=True, kw_only=True)
class Members:
    """Images in a zip file.

    Attributes:
        name: The file as it was written: images are called `name/folder/1.jpg`.
        path: The archive that they are in: that file, or the copy of one inside it.
        ids: Paths below the root of the archive.
        members: What the archive calls them.
    """

    name: str
    path: str
    ids: Sequence[str]
    members: Sequence[str]
    far: bool = field(default=False, init=False)

    def __len__(self) -> int:
        return len(self.ids)

    def id(self, place: int) -> str:
        """What the image is called."""
        return f"{self.name}/{self.ids[place]}"

    def input(self, place: int) -> Input:
        """Where it is."""
        sample = Sample(id=self.id(place), label="", path=self.path, member=self.members[place])
        return Input(sample=sample)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Images of one array.

    Attributes:
        name: The file as it was written: images are called `name#0`, `name#1`, ...
        path: Where the array is, as a file of NumPy's that can be mapped into memory.
        count: How many images it holds.
    """

    name: str
    path: Path
    count: int
    far: bool = field(default=False, init=False)

    def __len__(self) -> int:
        return self.count

    def id(self, place: int) -> str:
        """What the image is called."""
        return f"{self.name}#{place}"

    def input(self, place: int) -> Input:
        """Where it is."""
        return Input(sample=Sample(id=self.id(place), label="", index=place), images=self._images)

    @cached_property
    def _images(self) -> NDArray[np.uint8]:
        images: NDArray[np.uint8] = np.load(self.path, mmap_mode="r", allow_pickle=False)
        return images


class Inputs(Sequence[Input]):
    """Images in the order in which they are looked at; of each there is little more than its name.

    Args:
        sources: Where they are.
        places: Numbers of those that are meant, counted over all sources; all by default.

    Example:
        >>> inputs = Inputs([Files(names=["a.png", "b.png"]), Files(names=["c.png"])])
        >>> len(inputs), inputs[2].sample.path, list(inputs[1:].ids())
        (3, 'c.png', ['b.png', 'c.png'])
    """

    def __init__(self, sources: Sequence[Source], places: Sequence[int] | None = None) -> None:
        self.sources = tuple(sources)
        self._ends = [*accumulate(len(source) for source in self.sources)]
        self._places: Sequence[int] = range(self._ends[-1] if self._ends else 0)
        if places is not None:
            self._places = places

    @property
    def far(self) -> bool:
        """Whether reading is mostly waiting, so that many should be read at once."""
        return any(source.far for source in self.sources)

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Input: ...

    @overload
    def __getitem__(self, place: slice) -> Inputs: ...

    def __getitem__(self, place: int | slice) -> Input | Inputs:
        if isinstance(place, slice):
            return Inputs(self.sources, self._places[place])
        source, inner = self._at(self._places[place])
        return source.input(inner)

    def __iter__(self) -> Iterator[Input]:
        return (self[place] for place in range(len(self)))

    def ids(self) -> Iterator[str]:
        """What the images are called, in order."""
        for place in self._places:
            source, inner = self._at(place)
            yield source.id(inner)

    def chosen(self, places: Sequence[int]) -> Inputs:
        """Return those with these numbers."""
        return Inputs(self.sources, [self._places[place] for place in places])

    def _at(self, place: int) -> tuple[Source, int]:
        number = bisect_right(self._ends, place)
        return self.sources[number], place - (self._ends[number - 1] if number else 0)
