"""The division into train, validation, calibration and test that every figure rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cellclf.data.allocation import allocate
from cellclf.data.leaks import given_leaks, refuse_leaks
from cellclf.data.samples import Samples, Split
from cellclf.errors import SplitError
from cellclf.terms import PARTS, Part
from cellclf.ties import renumbered

__all__ = ["split"]

CALIBRATION: Part = "calibration"

POOLED, UNPLACED = "train", ""


def split(
    samples: Samples,
    units: NDArray[np.intp],
    *,
    fractions: Mapping[Part, float],
    seed: int,
    keep_given: bool = True,
) -> Split:
    """Divide samples into parts that can judge each other.

    Samples that were given a part other than train keep it, and so does the rest of their unit.
    Everything else, those given train or nothing, is the pool; train and the parts that nobody gave
    are filled from it, in the proportions of `fractions`, by `cellclf.data.allocation.allocate`:
    largest remainders for single samples, largest first for units of several.

    It is guaranteed that no unit lies in two parts; that each class of the pool is in each part
    that is filled from it; that the result depends on the ids, labels, units, given parts and
    `seed` alone, not on the order of the samples; and that no unit could go elsewhere and bring
    the classes nearer to their shares (see `allocate`). Where every unit is one sample, each class
    has its share in each part to within one sample (or has the one that it is guaranteed).

    Where a class has too few units for that, calibration is given up, for all classes, and the
    others take its share; a warning says so.

    Args:
        samples: What is to be divided; each has a label.
        units: Number of the unit of each sample, shape `(n,)`, as `Audit.units`.
        fractions: Share of each part, summing to 1; `calibration` may be absent or 0, which leaves
            it out.
        seed: Another seed, another split.
        keep_given: Honour the parts that samples were given; false divides everything anew.

    Raises:
        SplitError: No samples, one class, classes with too few units, or fractions that are none.
        LeakageError: A unit was given two parts.

    Example:
        >>> from cellclf.data.samples import Sample
        >>> cells = tuple(Sample(id=f"{n}", label="ab"[n % 2], path=f"{n}") for n in range(40))
        >>> shares = {"train": 0.65, "validation": 0.10, "calibration": 0.10, "test": 0.15}
        >>> done = split(
        ...     Samples(samples=cells, classes=("a", "b")), np.arange(40), fractions=shares, seed=1
        ... )
        >>> [len(done.rows(part)) for part in shares]
        [26, 4, 4, 6]
    """
    shares = _shares(fractions)
    if len(samples) == 0:
        raise SplitError("there are no samples to divide")
    if len(samples.classes) < 2:
        raise SplitError(
            f"there is only one class, {samples.classes[0]!r}; a classifier needs at least two. "
            "Check that the folder named as data is the one above the class folders"
        )
    if keep_given:
        refuse_leaks(given_leaks(samples, units))
    # From here on in the order of ids, so that the order of the samples cannot matter.
    by_id = np.array(sorted(range(len(samples)), key=lambda row: samples[row].id), dtype=np.intp)
    unit = renumbered(np.asarray(units)[by_id])
    given = [samples[row].split if keep_given else None for row in by_id]
    placed = _given(given, unit)
    pool = np.flatnonzero(placed == UNPLACED)
    counts = np.zeros((len(placed), len(samples.classes)), np.intp)
    np.add.at(counts, (unit, samples.labels[by_id]), 1)

    fixed = {str(name) for name in placed} - {UNPLACED}
    wanted = {part: share for part, share in shares.items() if part not in fixed}
    warnings = [
        f"no sample of {_named(absent)} is in the given {part} part"
        for part in PARTS
        if part in fixed and (absent := _absent(samples.classes, counts[placed == part]))
    ]
    found, given_up = _fill(counts[pool], wanted, samples.classes, seed)
    placed[pool] = found
    parts = np.empty(len(samples), placed.dtype)
    parts[by_id] = placed[unit]
    return Split(parts=parts, warnings=(*warnings, *given_up))


def _shares(fractions: Mapping[Part, float]) -> dict[Part, float]:
    unknown = [part for part in fractions if part not in PARTS]
    values = [fractions.get(part, 0.0) for part in PARTS]
    needed = [fractions.get(part, 0.0) for part in PARTS if part != CALIBRATION]
    if unknown or min(values) < 0 or min(needed) == 0 or not math.isclose(sum(values), 1):
        raise SplitError(
            f"`fractions` must give shares of {', '.join(PARTS)} that sum to 1, of which only "
            f"calibration may be 0. Received: {dict(fractions)}"
        )
    return {part: share for part, share in zip(PARTS, values, strict=True) if share > 0}


def _given(given: Sequence[Part | None], unit: NDArray[np.intp]) -> NDArray[np.str_]:
    """Part of each unit that was given one other than train; the others are unplaced."""
    placed = np.full(int(unit.max()) + 1, UNPLACED, dtype=f"<U{max(map(len, PARTS))}")
    for part, number in zip(given, unit, strict=True):
        if part is not None and part != POOLED:
            placed[number] = part
    return placed


def _fill(
    counts: NDArray[np.intp], wanted: Mapping[Part, float], classes: Sequence[str], seed: int
) -> tuple[NDArray[np.str_], tuple[str, ...]]:
    """Part of each unit of the pool, and why calibration was given up, if it was."""
    attempts = [dict(wanted)]
    if CALIBRATION in wanted:
        attempts.append({part: share for part, share in wanted.items() if part != CALIBRATION})
    held = (counts > 0).sum(axis=0)
    given_up: tuple[str, ...] = ()
    for attempt in attempts:
        parts = list(attempt)
        few = {name: int(n) for name, n in zip(classes, held, strict=True) if n < len(parts)}
        rng = np.random.default_rng(seed)
        found = None if few else allocate(counts, np.array(list(attempt.values())), rng)
        if found is not None:
            return np.array(parts)[found], given_up
        why = (
            f"too few separate images or groups of {_counted(few)}"
            if few
            else "the groups hold too many classes together"
        )
        given_up = (
            f"there is no calibration part: {why}, where {len(parts)} are needed for "
            f"{', '.join(parts)}. Probabilities are not calibrated",
        )
    if few:
        raise SplitError(
            f"every class must have at least {len(parts)} separate images or groups, one for each "
            f"of {', '.join(parts)}. Received: {_counted(few)}. Leave these classes out or merge "
            "them with others (data.classes), or add images"
        )
    raise SplitError(
        f"no division keeps groups whole and has every class in each of {', '.join(parts)}: too "
        "few groups hold the rarer classes, and they hold them together. Leave classes out or "
        "merge them (data.classes), or add images of other groups"
    )


def _absent(classes: Sequence[str], counts: NDArray[np.intp]) -> list[str]:
    return [name for name, n in zip(classes, counts.sum(axis=0), strict=True) if n == 0]


def _named(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))


def _counted(few: Mapping[str, int]) -> str:
    return ", ".join(f"{name!r} ({n})" for name, n in few.items())
