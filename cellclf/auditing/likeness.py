"""Which samples show the same: clusters of copies, and copies that contradict each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.near_duplicates import Link
from cellclf.data.samples import Samples
from cellclf.ties import components

__all__ = ["Likeness", "likeness"]

Rows = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Samples that show the same, as rows, ascending within each cluster.

    Attributes:
        same: Samples of equal content.
        clusters: Everything that is linked, directly or over others: what may not be separated.
        near_duplicates: Clusters of more than one content.
        conflicts: Samples under different labels that are equal or copies of one image, directly or
            over others. Overlapping cuts of one field are neither: each has its own cell. A sample
            without a label contradicts none.
    """

    same: tuple[Rows, ...]
    clusters: tuple[Rows, ...]
    near_duplicates: tuple[Rows, ...]
    conflicts: tuple[Rows, ...]


def likeness(
    samples: Samples,
    content: Sequence[str],
    readable: NDArray[np.bool_],
    links: Sequence[Link],
) -> Likeness:
    """Sort out what equal content and near duplicates mean, given the labels.

    Args:
        samples: The set.
        content: Hash of what each sample shows.
        readable: Which samples are usable images, shape `(n,)`; the others are like nothing.
        links: As `near_duplicates`.

    Example:
        >>> from cellclf.data.samples import Sample
        >>> cells = [Sample(id=f"{n}", label="aaab"[n], path=f"{n}") for n in range(4)]
        >>> found = likeness(
        ...     Samples(samples=tuple(cells), classes=("a", "b")),
        ...     ["x", "x", "y", "z"],
        ...     np.ones(4, bool),
        ...     [
        ...         Link(first=0, second=2, mirrored=False, overlap=0.9, correlation=0.9),
        ...         Link(first=2, second=3, mirrored=False, overlap=0.5, correlation=0.9),
        ...     ],
        ... )
        >>> found.same, found.clusters, found.near_duplicates, found.conflicts
        (((0, 1),), ((0, 1, 2, 3),), ((0, 1, 2, 3),), ())
    """
    rows_of: defaultdict[str, list[int]] = defaultdict(list)
    for row, digest in enumerate(content):
        if readable[row]:
            rows_of[digest].append(row)
    same = [rows for rows in rows_of.values() if len(rows) > 1]
    tied = [(rows[0], row) for rows in same for row in rows[1:]]
    linked = [(link.first, link.second) for link in links]
    copied = [(link.first, link.second) for link in links if link.is_copy]
    clusters = _components([*tied, *linked], len(samples))
    return Likeness(
        same=_ordered(same),
        clusters=_ordered(clusters),
        near_duplicates=_ordered(
            rows for rows in clusters if len({content[row] for row in rows}) > 1
        ),
        conflicts=_ordered(
            rows
            for rows in _components([*tied, *copied], len(samples))
            if len({samples[row].label for row in rows} - {""}) > 1
        ),
    )


def _ordered(clusters: Iterable[Sequence[int]]) -> tuple[Rows, ...]:
    return tuple(sorted(tuple(sorted(rows)) for rows in clusters))


def _components(ties: Sequence[tuple[int, int]], count: int) -> list[list[int]]:
    """Connected components of two rows or more."""
    component = components(count, ties)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for row in sorted({row for tie in ties for row in tie}):
        members[int(component[row])].append(row)
    return list(members.values())
