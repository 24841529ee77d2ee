"""Which samples show the same: clusters of copies, and copies that contradict each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cellclf.data.samples import Samples

__all__ = ["Likeness", "likeness"]

Rows = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Samples that show the same, as rows, ascending within each cluster.

    Attributes:
        same: Samples of equal content.
        copies: Samples of one label, linked as near duplicates, of more than one content.
        conflicts: Samples that show the same under different labels: each is linked directly to
            one that contradicts it. Two cells that only a chain of further copies links do not
            contradict each other.
        clusters: Everything that is linked in whatever way: what may not be separated.
    """

    same: tuple[Rows, ...]
    copies: tuple[Rows, ...]
    conflicts: tuple[Rows, ...]
    clusters: tuple[Rows, ...]


def likeness(
    samples: Samples,
    content: Sequence[str],
    readable: NDArray[np.bool_],
    pairs: NDArray[np.intp],
) -> Likeness:
    """Sort out what equal content and near duplicates mean, given the labels.

    Args:
        samples: The set.
        content: Hash of what each sample shows.
        readable: Which samples are usable images, shape `(n,)`; the others are like nothing.
        pairs: Rows of near duplicates, shape `(pairs, 2)`.

    Example:
        >>> from cellclf.data.samples import Sample
        >>> cells = [Sample(id=f"{n}", label="aaab"[n], path=f"{n}") for n in range(4)]
        >>> found = likeness(
        ...     Samples(samples=tuple(cells), classes=("a", "b")),
        ...     ["x", "x", "y", "z"],
        ...     np.ones(4, bool),
        ...     np.array([[0, 2], [2, 3]]),
        ... )
        >>> found.same, found.copies, found.conflicts, found.clusters
        (((0, 1),), ((0, 1, 2),), ((2, 3),), ((0, 1, 2, 3),))
    """
    rows_of: defaultdict[str, list[int]] = defaultdict(list)
    for row, digest in enumerate(content):
        if readable[row]:
            rows_of[digest].append(row)
    shown = list(rows_of.values())
    number = {digest: place for place, digest in enumerate(rows_of)}
    labels = [{samples[row].label for row in rows} for rows in shown]
    links = {
        (number[content[first]], number[content[second]])
        for first, second in pairs.tolist()
        if readable[first] and readable[second] and content[first] != content[second]
    }
    agreeing = {link for link in links if len(labels[link[0]] | labels[link[1]]) == 1}
    twice = [place for place, called in enumerate(labels) if len(called) > 1]
    contradicting = [*(links - agreeing), *((place, place) for place in twice)]

    def rows(clusters: Iterable[Sequence[int]]) -> tuple[Rows, ...]:
        return tuple(
            sorted(tuple(sorted(row for place in one for row in shown[place])) for one in clusters)
        )

    return Likeness(
        same=tuple(tuple(one) for one in shown if len(one) > 1),
        copies=rows(one for one in _components(agreeing, len(shown)) if len(one) > 1),
        conflicts=rows(_components(contradicting, len(shown))),
        clusters=tuple(
            one for one in rows(_components([*links, *_alone(shown)], len(shown))) if len(one) > 1
        ),
    )


def _alone(shown: Sequence[Sequence[int]]) -> Iterable[tuple[int, int]]:
    return ((place, place) for place in range(len(shown)))


def _components(links: Iterable[tuple[int, int]], count: int) -> list[list[int]]:
    """Connected components of the places that `links` name; a place alone links to itself."""
    ends = np.array(list(links), dtype=np.intp).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for place in np.unique(ends).tolist():
        members[int(component[place])].append(place)
    return list(members.values())
