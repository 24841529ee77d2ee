"""Where a division separates what belongs together, by which tie, and how that is said.

Every message about a given split that leaks comes from here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellclf.data.samples import Samples
from cellclf.errors import LeakageError
from cellclf.terms import PARTS, Part, first_few
from cellclf.ties import renumbered

__all__ = ["LEAKY", "Leak", "cut_at_given", "given_leaks", "leaky_warning", "refuse_leaks"]

NAMED = 5
"""How many leaks a message names."""

COPIES = "one image, or copies or cuts of it,"
CHAIN = "images tied by several groups or copies"

LEAKY = (
    "Leaky: the given split of the run does not keep apart what was trained on and what judges, so "
    "its figures look better than they are"
)
"""The mark that every account of such a run bears."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leak:
    """Samples that belong together and lie in more than one part.

    Attributes:
        tie: What ties them, as the beginning of a sentence: `patient 'C132'`.
        parts: Their ids by part, sorted.
    """

    tie: str
    parts: Mapping[Part, tuple[str, ...]]

    def __str__(self) -> str:
        """The whole sentence.

        Example:
            >>> str(Leak(tie="patient '7'", parts={"train": ("a", "b"), "test": ("c",)}))
            "patient '7' is in train (a and 1 more) and test (c)"
        """
        where = [f"{part} ({first_few(ids, most=1)})" for part, ids in self.parts.items()]
        plural = "are" if self.tie == CHAIN else "is"
        return f"{self.tie} {plural} in {', '.join(where[:-1])} and {where[-1]}"


def given_leaks(
    samples: Samples, units: NDArray[np.intp], *, alike: Iterable[Sequence[int]] = ()
) -> tuple[Leak, ...]:
    """Return one leak for each tie whose samples were given more than one part.

    A tie is a group, by kind and name, or copies of one image: what a person can check. Where no
    single tie of a unit crosses, but several of them together do, the chain of them is one leak.

    Args:
        samples: The set; samples that were given no part leak nothing.
        units: Number of the unit of each sample, shape `(n,)`.
        alike: Rows that show the same, or nearly so; one sequence a cluster or pair.

    Example:
        >>> from cellclf.data.samples import Sample
        >>> cells = tuple(
        ...     Sample(id=name, label="ig", path=name, groups={"patient": "7"}, split=part)
        ...     for name, part in (("a", "train"), ("b", "test"), ("c", None))
        ... )
        >>> leaks = given_leaks(Samples(samples=cells, classes=("ig",)), np.array([0, 0, 0]))
        >>> [str(leak) for leak in leaks]
        ["patient '7' is in train (a) and test (b)"]
    """
    members: defaultdict[int, list[int]] = defaultdict(list)
    for row, sample in enumerate(samples):
        if sample.split is not None:
            members[int(units[row])].append(row)
    crossing = {unit: rows for unit, rows in members.items() if _crosses(samples, rows)}
    if not crossing:
        return ()
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for rows in crossing.values():
        for row in rows:
            for kind, name in samples[row].groups.items():
                if name:
                    groups[kind, name].append(row)
    ties = [
        *((f"{kind} {name!r}", rows) for (kind, name), rows in sorted(groups.items())),
        *((COPIES, rows) for rows in alike),
    ]
    leaks = [
        Leak(tie=tie, parts=_by_part(samples, rows))
        for tie, rows in ties
        if _crosses(samples, rows)
    ]
    unit_of = {sample.id: int(unit) for sample, unit in zip(samples, units, strict=True)}
    told = {unit_of[name] for leak in leaks for ids in leak.parts.values() for name in ids}
    chains = [rows for unit, rows in crossing.items() if unit not in told]
    return (*leaks, *(Leak(tie=CHAIN, parts=_by_part(samples, rows)) for rows in chains))


def refuse_leaks(leaks: Sequence[Leak], *, look: str = "") -> None:
    """Stop where a given split leaks, and say what can be done.

    Args:
        leaks: The leaks; without any, nothing happens.
        look: How to look at what leaks, lines that end the message.

    Raises:
        LeakageError: There are leaks.
    """
    if not leaks:
        return
    count = len(leaks)
    lines = [
        "the given split leaks: images that belong together lie in more than one part"
        f"{f', {count:,} times' if count > 1 else ''}:",
        *(f"  - {leak}" for leak in leaks[:NAMED]),
        *([f"  - and {count - NAMED:,} more"] if count > NAMED else []),
        "A model judged on such a split looks better than it is. There are two ways on:",
        "  --resplit        divide anew and keep together what belongs together "
        "(data.split.keep_given = false)",
        "  --allow-leakage  go on with the given split as it is; every figure is marked as leaky "
        "(data.split.allow_leakage = true)",
        *([look] if look else []),
    ]
    raise LeakageError("\n".join(lines))


def leaky_warning(leaks: Sequence[Leak]) -> str:
    """Say once more what was allowed, for whoever watches the run."""
    more = f", and {len(leaks) - 1:,} more" if len(leaks) > 1 else ""
    return (
        f"the given split leaks, which was allowed: {leaks[0]}{more}. Every figure is marked as "
        "leaky: it looks better than it is"
    )


def cut_at_given(samples: Samples, units: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return units cut where the given parts cut them, and nowhere else.

    What a unit's samples were given for train stays one unit, and so for each other part. A sample
    that was given nothing goes with the first of those, in the order of the parts: into train
    rather than among what judges.

    Args:
        samples: The set.
        units: Number of the unit of each sample, shape `(n,)`.

    Returns:
        Number of the piece of each sample, shape `(n,)`, as `renumbered`.
    """
    first: dict[int, int] = {}
    for row, sample in enumerate(samples):
        if sample.split is not None:
            unit, place = int(units[row]), PARTS.index(sample.split)
            first[unit] = min(place, first.get(unit, place))
    pieces = [
        int(units[row]) * len(PARTS)
        + (PARTS.index(sample.split) if sample.split else first.get(int(units[row]), 0))
        for row, sample in enumerate(samples)
    ]
    return renumbered(np.array(pieces, dtype=np.intp))


def _crosses(samples: Samples, rows: Iterable[int]) -> bool:
    return len({samples[row].split for row in rows} - {None}) > 1


def _by_part(samples: Samples, rows: Iterable[int]) -> dict[Part, tuple[str, ...]]:
    found: defaultdict[Part, list[str]] = defaultdict(list)
    for row in rows:
        part = samples[row].split
        if part is not None:
            found[part].append(samples[row].id)
    return {part: tuple(sorted(found[part])) for part in PARTS if part in found}
