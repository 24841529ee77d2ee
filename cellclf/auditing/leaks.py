"""Findings about given parts that share what may not be separated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.findings import Finding
from cellclf.auditing.likeness import Likeness
from cellclf.data.leaks import CHAIN, COPIES, Leak
from cellclf.data.samples import Samples
from cellclf.terms import PARTS, Part

__all__ = ["leak_findings"]

SAME = "the same image"
"""What ties samples of equal content, as in `Leak.tie`."""


def leak_findings(
    samples: Samples, like: Likeness, units: NDArray[np.intp], readable: NDArray[np.bool_]
) -> Iterator[Finding]:
    """Yield one finding for each tie that lies in more than one given part.

    A run is refused for one tie a unit (`cellclf.data.leaks.given_leaks`); who corrects a set wants
    to see them all. A tie is a group (one patient, one field), a cluster of equal images or a
    cluster of copies. Where no single tie of a unit crosses, but several of them together do, the
    unit is reported.

    Args:
        samples: The set.
        like: Clusters of samples that show the same.
        units: Unit of each sample, shape `(n,)`.
        readable: Which samples are usable images, shape `(n,)`; the others leak nothing.
    """
    told: set[int] = set()
    for tie, rows in _ties(samples, like):
        parts = _by_part(samples, [row for row in rows if readable[row]])
        if len(parts) > 1:
            told.update(int(units[row]) for row in rows)
            yield _finding(Leak(tie=tie, parts=parts))
    members: defaultdict[int, list[int]] = defaultdict(list)
    for row, unit in enumerate(units.tolist()):
        if readable[row] and unit not in told:
            members[unit].append(row)
    for rows in members.values():
        parts = _by_part(samples, rows)
        if len(parts) > 1:
            yield _finding(Leak(tie=CHAIN, parts=parts))


def _ties(samples: Samples, like: Likeness) -> Iterator[tuple[str, Sequence[int]]]:
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row, sample in enumerate(samples):
        for kind, name in sample.groups.items():
            if name:
                groups[kind, name].append(row)
    for (kind, name), rows in groups.items():
        yield f"{kind} {name!r}", rows
    for same in like.same:
        yield SAME, same
    for cluster in set(like.clusters) - set(like.same):
        yield COPIES, cluster


def _by_part(samples: Samples, rows: Sequence[int]) -> dict[Part, tuple[str, ...]]:
    """Ids by the part that they were given; those that were given none are left out."""
    where: defaultdict[Part, list[str]] = defaultdict(list)
    for row in rows:
        part = samples[row].split
        if part is not None:
            where[part].append(samples[row].id)
    return {part: tuple(sorted(where[part])) for part in PARTS if part in where}


def _finding(leak: Leak) -> Finding:
    return Finding(
        kind="split_leak",
        severity="error",
        files=tuple(sorted(name for ids in leak.parts.values() for name in ids)),
        detail=str(leak),
    )
