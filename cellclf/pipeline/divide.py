"""Which samples are used, and in which part: what is left out, what leaks, and the split itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.findings import Finding
from cellclf.data.leaks import Leak, cut_at_given, given_leaks, refuse_leaks
from cellclf.data.samples import Samples, Split
from cellclf.data.split import split
from cellclf.errors import LeakageError, SplitError
from cellclf.settings import SplitSettings

__all__ = ["Audited", "Divided", "LeftOut", "divide"]

UNREADABLE, CONFLICT = "unreadable", "label_conflict"
"""Why a sample is in no part: there is no image, or nobody knows what it shows. An image with two
labels cannot be learnt from, and cannot judge either."""


class Audited(Protocol):
    """What a division needs of an audit."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Among them the images whose labels contradict each other."""

    @property
    def clusters(self) -> tuple[tuple[int, ...], ...]:
        """Rows that show the same, equal or nearly so."""

    @property
    def units(self) -> NDArray[np.intp]:
        """Number of the unit of each sample, shape `(n,)`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A sample that is in no part.

    Attributes:
        sample_id: Its id.
        kind: `unreadable` or `label_conflict`.
        reason: What the finding says.
    """

    sample_id: str
    kind: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Divided:
    """Who went where, and why.

    Attributes:
        split: Part of each sample; an empty string for one that is left out.
        left_out: The samples in no part, in the order of the set.
        leaks: What the given split separates although it belongs together; empty unless that was
            allowed.
    """

    split: Split
    left_out: tuple[LeftOut, ...]
    leaks: tuple[Leak, ...]


def divide(
    samples: Samples,
    found: Audited,
    *,
    unreadable: Mapping[int, str],
    settings: SplitSettings,
    seed: int,
    look: str = "",
) -> Divided:
    """Divide the samples that can be used into parts that can judge each other.

    Args:
        samples: The set.
        found: What the audit found in it, with the units that stay whole.
        unreadable: Reason by row, for the samples that are no usable images.
        settings: The wanted shares, and what to do with parts that samples were given.
        seed: Another seed, another split.
        look: How to look at what leaks, lines that end the message of a refusal.

    Raises:
        LeakageError: The given split separates what belongs together, and is to be kept.
        SplitError: There is no honest division.
    """
    left_out = _left_out(samples, found, unreadable)
    _require_some(samples, left_out)
    used = np.array([sample.id not in left_out for sample in samples], dtype=bool)
    kept, units = samples.keep(used), found.units[used]
    leaks: tuple[Leak, ...] = ()
    if settings.keep_given:
        leaks = given_leaks(kept, units, alike=_alike(used, found))
        if settings.allow_leakage:
            # Only where the given parts cut is anything cut: what is divided here stays whole.
            units = cut_at_given(kept, units)
        else:
            refuse_leaks(leaks, look=look)
    divided = split(
        kept, units, fractions=settings.fractions, seed=seed, keep_given=settings.keep_given
    )
    _check_whole(kept, units, divided)
    parts = np.full(len(samples), "", dtype=divided.parts.dtype)
    parts[used] = divided.parts
    return Divided(
        split=Split(parts=parts, warnings=divided.warnings),
        left_out=tuple(left_out.values()),
        leaks=leaks,
    )


def _left_out(
    samples: Samples, found: Audited, unreadable: Mapping[int, str]
) -> dict[str, LeftOut]:
    """The samples that cannot be used, by id, in the order of the set."""
    why = {samples[row].id: (UNREADABLE, reason) for row, reason in unreadable.items()}
    for finding in found.findings:
        if finding.kind == CONFLICT:
            for name in finding.files:
                why.setdefault(name, (CONFLICT, finding.detail))
    return {
        sample.id: LeftOut(sample_id=sample.id, kind=why[sample.id][0], reason=why[sample.id][1])
        for sample in samples
        if sample.id in why
    }


def _require_some(samples: Samples, left_out: Mapping[str, LeftOut]) -> None:
    """Say why there is nothing to divide, where every image is left out."""
    if not left_out or len(left_out) < len(samples):
        return
    conflicts = [one for one in left_out.values() if one.kind == CONFLICT]
    said = (
        f"every image is left out: {len(conflicts):,} have copies under another label, "
        f"{len(left_out) - len(conflicts):,} cannot be read."
    )
    if conflicts:
        said += (
            " Of each group of copies keep the one with the right label. If one folder was copied "
            f"into another, remove it. The first, {conflicts[0].sample_id}: {conflicts[0].reason}"
        )
    raise SplitError(said)


def _alike(used: NDArray[np.bool_], found: Audited) -> list[list[int]]:
    """Rows that show the same, counted among the samples that are used."""
    place = np.cumsum(used) - 1
    return [[int(place[row]) for row in rows if used[row]] for rows in found.clusters]


def _check_whole(samples: Samples, units: NDArray[np.intp], divided: Split) -> None:
    """Look once more, whoever divided the samples: no unit may lie in two parts."""
    places: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for sample, unit, part in zip(samples, units, divided.parts, strict=True):
        places[int(unit)].setdefault(str(part), sample.id)
    for parts in places.values():
        if len(parts) > 1:
            where = ", ".join(f"{name} in {part}" for part, name in parts.items())
            raise LeakageError(
                f"images that belong together are in different parts: {where}. This is a fault of "
                "cellclf: please report it"
            )
