"""Findings about given parts that share what may not be separated."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.findings import Finding
from cellclf.auditing.likeness import Likeness
from cellclf.data.samples import Samples

__all__ = ["leak_findings"]


def leak_findings(
    samples: Samples, like: Likeness, units: NDArray[np.intp], readable: NDArray[np.bool_]
) -> Iterator[Finding]:
    """Yield one finding for each tie that lies in more than one given part.

    A tie is a group (one patient, one field), a cluster of equal images or a cluster of copies.
    Where no single tie of a unit crosses, but several of them together do, the unit is reported.

    Args:
        samples: The set.
        like: Clusters of samples that show the same.
        units: Unit of each sample, shape `(n,)`.
        readable: Which samples are usable images, shape `(n,)`; the others leak nothing.
    """
    told: set[int] = set()
    for tie, rows in _ties(samples, like):
        where = _parts(samples, [row for row in rows if readable[row]])
        if len(where) > 1:
            told.update(int(units[row]) for row in rows)
            yield _leak(samples, where, tie)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for row, unit in enumerate(units.tolist()):
        if readable[row] and unit not in told:
            members[unit].append(row)
    for rows in members.values():
        where = _parts(samples, rows)
        if len(where) > 1:
            yield _leak(samples, where, "images that belong together, through others,")


def _ties(samples: Samples, like: Likeness) -> Iterator[tuple[str, Sequence[int]]]:
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row, sample in enumerate(samples):
        for kind, name in sample.groups.items():
            if name:
                groups[kind, name].append(row)
    for (kind, name), rows in groups.items():
        yield f"{kind} {name}", rows
    for same in like.same:
        yield "the same image", same
    for cluster in set(like.clusters) - set(like.same):
        yield "copies, or overlapping cuts, of one image", cluster


def _parts(samples: Samples, rows: Sequence[int]) -> dict[str, list[int]]:
    """Rows by the part that they were given; those that were given none are left out."""
    where: defaultdict[str, list[int]] = defaultdict(list)
    for row in rows:
        part = samples[row].split
        if part is not None:
            where[part].append(row)
    return where


def _leak(samples: Samples, where: dict[str, list[int]], tie: str) -> Finding:
    counts = Counter({part: len(rows) for part, rows in where.items()})
    listed = [f"{part} ({counts[part]})" for part in sorted(where)]
    verb = "are" if tie.startswith(("copies", "images")) else "is"
    return Finding(
        kind="split_leak",
        severity="error",
        files=tuple(sorted(samples[row].id for rows in where.values() for row in rows)),
        detail=f"{tie} {verb} given in {', '.join(listed[:-1])} and {listed[-1]}",
    )
