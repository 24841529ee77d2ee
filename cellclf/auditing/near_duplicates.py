"""Copies that no hash finds: turned, mirrored, shifted, scaled, recoloured, compressed, blurred."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import DisjointSet

from cellclf.auditing.candidates import Candidates, candidates
from cellclf.auditing.keypoints import Description, describe
from cellclf.auditing.registration import Registration, register
from cellclf.processors import processor_count
from cellclf.progress import Progress

__all__ = ["Description", "Link", "describe", "near_duplicates"]

COPIED = 0.8
"""Least overlap of copies. Neighbouring cells, each cut from the field with itself in the middle,
share less."""

AT_ONCE = 64
"""Candidates registered together; between batches, what is joined by now is passed over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """Two images that show the same pixels.

    Attributes:
        first: Row of one image.
        second: Row of the other, higher than `first`.
        mirrored: One of them shows the other's mirror image.
        overlap: Share of the smaller content that both show, 0-1: near 1 for a copy, less for two
            cuts from one field.
        correlation: Pearson correlation of details in the overlap.
    """

    first: int
    second: int
    mirrored: bool
    overlap: float
    correlation: float

    @property
    def is_copy(self) -> bool:
        """Whether both show the same cell; otherwise they are cuts from one field.

        Cuts belong together just as copies do, but two labels are no contradiction.
        """
        return self.overlap >= COPIED


def near_duplicates(
    descriptions: Sequence[Description | None],
    *,
    progress: Progress,
    files: NDArray[np.intp] | None = None,
) -> tuple[Link, ...]:
    """Find the images that show the same, by their keypoints and then by their pixels.

    Candidates come from an index (`cellclf.auditing.candidates`); each is accepted or refused by
    registration (`cellclf.auditing.registration`). Two images that are joined by copies already,
    directly or over others, are not compared again: the clusters are the connected components.

    Args:
        descriptions: What `describe` gave for each image; `None` takes part in no pair.
        progress: Told how many candidates are compared.
        files: Number of the file that each image was cut from, shape `(n,)`: cuts from one file
            overlap by right, and are not compared. Where left out, each has a file of its own.

    Returns:
        Links, by row. What is linked depends on the descriptions alone.
    """
    found = candidates(descriptions, files=files)
    copied, joined = (DisjointSet(range(len(descriptions))) for _ in range(2))
    links: list[Link] = []
    with (
        ThreadPoolExecutor(processor_count()) as pool,
        progress.task("looking for copies", len(found.pairs)) as task,
    ):
        for batch in _batches(found):
            open_ = [row for row in batch if not copied.connected(*found.pairs[row])]
            results = pool.map(lambda row: _registered(descriptions, found, row), open_)
            for row, result in zip(open_, results, strict=True):
                if result is None:
                    continue
                link = Link(
                    first=int(found.pairs[row, 0]),
                    second=int(found.pairs[row, 1]),
                    mirrored=bool(found.mirrored[row]),
                    overlap=round(result.overlap, 3),
                    correlation=round(result.correlation, 3),
                )
                new_copy = link.is_copy and copied.merge(link.first, link.second)
                if joined.merge(link.first, link.second) or new_copy:
                    links.append(link)
            task.advance(len(batch))
    return tuple(sorted(links, key=lambda link: (link.first, link.second)))


def _batches(found: Candidates) -> Iterator[NDArray[np.intp]]:
    rows = np.arange(len(found.pairs))
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


def _registered(
    descriptions: Sequence[Description | None], found: Candidates, row: int
) -> Registration | None:
    first, second = (descriptions[end] for end in found.pairs[row])
    if first is None or second is None:
        return None
    return register(first, second, mirror=bool(found.mirrored[row]))
