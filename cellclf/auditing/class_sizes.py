"""How much there is of each class, counted in what is independent, and whether that is enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.findings import Finding, Severity
from cellclf.data.samples import UNLABELLED, Samples
from cellclf.terms import Part, counted

__all__ = ["ClassSize", "class_sizes", "enough_to_judge", "size_findings"]

TEST_SHARE = 0.15
"""Share of the test part by default."""

FEWEST = 3
"""Units without which a class cannot be in a training, a validation and a test part."""

SURE_OF = 0.75
"""What the recall of a class must at least be shown to reach if every test unit is right."""

CONFIDENCE = 0.95

TEST: Part = "test"

MANY_OF_ONE = 0.5
"""Sources are few where there are fewer than this share of independent ones among the files."""


@dataclass(frozen=True, kw_only=True)
class ClassSize:
    """How much there is of one class.

    Attributes:
        name: The class; empty for the samples without a label.
        files: Its samples.
        readable: Those of them that are usable images.
        units: Independent sources of the readable ones: sets of samples that share no group and
            are no copies of each other.
        effective: How many sources of equal size would be worth as much: see `class_sizes`.
        tested: Sources of which a readable file is in the given test part; `None` where the set
            comes without one.
    """

    name: str
    files: int
    readable: int
    units: int
    effective: float
    tested: int | None = None


def class_sizes(
    samples: Samples, units: NDArray[np.intp], readable: NDArray[np.bool_]
) -> tuple[ClassSize, ...]:
    """Count files, units and effective sources of each class, in class order.

    Samples without a label, if there are any, come last, as if they were a class.

    A hundred files of one patient and one of another are two sources, but hardly two patients'
    worth of evidence. The effective number is that of Kish (1965, Survey Sampling): with `n_i`
    readable files of the class in unit `i`, `(sum of n_i)² / (sum of n_i²)`. It equals the number
    of units where all are of one size, and is smaller otherwise.

    Args:
        samples: The set.
        units: Unit of each sample, shape `(n,)`.
        readable: Which samples are usable images, shape `(n,)`.

    Example:
        >>> from cellclf.data.samples import Sample
        >>> cells = tuple(Sample(id=f"{n}", label="ig", path=f"{n}") for n in range(4))
        >>> sizes = class_sizes(
        ...     Samples(samples=cells, classes=("ig",)), np.array([0, 0, 0, 1]), np.ones(4, bool)
        ... )
        >>> sizes[0].units, sizes[0].effective
        (2, 1.6)
    """
    labels = samples.labels
    test = np.array([sample.split == TEST for sample in samples], dtype=bool)
    rows = [*enumerate(samples.classes)]
    if (labels == UNLABELLED).any():
        rows.append((UNLABELLED, ""))
    sizes = []
    for number, name in rows:
        of_class = labels == number
        _, counts = np.unique(units[of_class & readable], return_counts=True)
        squares = float(np.square(counts, dtype=np.float64).sum())
        tested = len(np.unique(units[of_class & readable & test])) if test.any() else None
        sizes.append(
            ClassSize(
                name=name,
                files=int(of_class.sum()),
                readable=int(counts.sum()),
                units=len(counts),
                effective=float(counts.sum()) ** 2 / squares if squares else 0.0,
                tested=tested,
            )
        )
    return tuple(sizes)


def _lowest_recall(tested: int) -> float:
    """Lower end of the Clopper-Pearson interval of a recall of `tested` out of `tested`."""
    return float(((1 - CONFIDENCE) / 2) ** (1 / tested)) if tested else 0.0


def _tested(units: int) -> int:
    return round(units * TEST_SHARE)


def enough_to_judge() -> int:
    """Return the number of units from which a class can be judged.

    A test part of 15 % of the units of a class shows something if, were every one of them right,
    the 95 % interval of the class's recall (Clopper and Pearson, 1934) left no doubt that it is
    above three quarters.

    Example:
        >>> enough_to_judge()
        84
    """
    units = FEWEST
    while _lowest_recall(_tested(units)) < SURE_OF:
        units += 1
    return units


def size_findings(samples: Samples, sizes: Sequence[ClassSize]) -> Iterator[Finding]:
    """Yield classes that are too small, and classes of many files from few sources.

    Where the set comes with a test part, a class is judged by the sources that are in it.

    Args:
        samples: The set.
        sizes: As `class_sizes`.
    """
    for size in sizes:
        files = tuple(sorted(sample.id for sample in samples if sample.label == size.name))
        if size.name and (small := _too_small(size)) is not None:
            severity, detail = small
            yield Finding(kind="small_class", severity=severity, files=files, detail=detail)
        if size.readable and size.effective < MANY_OF_ONE * size.readable:
            enough_sources = size.effective >= enough_to_judge()
            of = f"{size.name!r}: " if size.name else ""
            yield Finding(
                kind="few_sources",
                severity="note" if enough_sources else "warning",
                files=files,
                detail=f"{of}{counted(size.readable, 'file')}, {_sources(size)}",
            )


def _too_small(size: ClassSize) -> tuple[Severity, str] | None:
    """How bad it is and what is said of a class that is too small; `None` where it is not."""
    if size.units < FEWEST:
        return "error", (
            f"{size.name!r} cannot be learnt and judged: {_sources(size)}, at least {FEWEST} are "
            "needed, for training, validation and test"
        )
    if size.tested == 0:
        return "warning", f"{size.name!r} cannot be judged: none of it is in the given test part"
    enough = enough_to_judge()
    tested = max(_tested(size.units), 1) if size.tested is None else size.tested
    if tested >= _tested(enough):
        return None
    where = (
        f"{_sources(size)}, so about {tested} in the test part"
        if size.tested is None
        else f"{_sources(size)}, {tested} of them in the given test part"
    )
    wanted = enough if size.tested is None else f"{_tested(enough)} there"
    return "warning", (
        f"{size.name!r} is too small to be judged well: {where}; were all of those right, its "
        f"recall could still be as low as {100 * _lowest_recall(tested):.0f} % (95 % interval); "
        f"{wanted} would do"
    )


def _sources(size: ClassSize) -> str:
    """Number of sources, and what they are worth where that is less."""
    said = counted(size.units, "independent source")
    if round(size.effective) < size.units:
        said += f", worth {size.effective:,.1f} of equal size"
    return said
