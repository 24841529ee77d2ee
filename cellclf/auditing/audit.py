"""What is wrong with a set of images before anything is learnt from it; what must stay whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.findings import Finding, FindingKind
from cellclf.data.samples import Samples
from cellclf.data.units import units_of
from cellclf.errors import DataError

__all__ = ["Audit", "audit"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Audit:
    """Everything that was found in one set of samples.

    Attributes:
        findings: By kind in the order of `FindingKind`, then by file.
        units: Number of the unit of each sample, shape `(n,)`: samples of one number may not be
            separated. A unit is a connected component over shared groups and equal content.
    """

    findings: tuple[Finding, ...]
    units: NDArray[np.intp]


def audit(samples: Samples, *, content: Sequence[str], unreadable: Mapping[int, str]) -> Audit:
    """Look for unusable files, duplicates, contradicting labels, and parts that share a unit.

    Groups join samples within one kind only: patient "1" and field "1" are strangers, and an empty
    group joins nothing. Unreadable samples are no duplicates of each other.

    Args:
        samples: The set.
        content: Hash of what each sample shows, as `ImageStore.content`.
        unreadable: Reason by row, as `ImageStore.unreadable`.

    Raises:
        DataError: `content` is not one hash a sample.

    Example:
        >>> from cellclf.data.samples import Sample
        >>> cells = [
        ...     Sample(id=name, label="ig", path=name, groups={"patient": name[0]})
        ...     for name in ("a1", "a2", "b1")
        ... ]
        >>> samples = Samples(samples=tuple(cells), classes=("ig",))
        >>> found = audit(samples, content=["x", "y", "y"], unreadable={})
        >>> found.units.tolist()
        [0, 0, 0]
        >>> found.findings[0].kind
        'exact_duplicate'
    """
    if len(content) != len(samples):
        raise DataError(
            f"`content` must hold one hash a sample. Received: {len(content)} for {len(samples)}"
        )
    alike = _alike(content, unreadable)
    units = units_of(samples, alike)
    findings = [
        *_unreadable(samples, unreadable),
        *_duplicates(samples, alike),
        *_leaks(samples, units),
    ]
    order = get_args(FindingKind)
    findings.sort(key=lambda finding: (order.index(finding.kind), finding.files))
    return Audit(findings=tuple(findings), units=units)


def _alike(content: Sequence[str], unreadable: Mapping[int, str]) -> list[list[int]]:
    """Rows that show the same, for everything that is shown more than once."""
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, digest in enumerate(content):
        if row not in unreadable:
            rows[digest].append(row)
    return [same for same in rows.values() if len(same) > 1]


def _unreadable(samples: Samples, unreadable: Mapping[int, str]) -> Iterator[Finding]:
    for row, reason in unreadable.items():
        yield Finding(
            kind="unreadable", severity="warning", files=(samples[row].id,), detail=reason
        )


def _duplicates(samples: Samples, alike: Iterable[Sequence[int]]) -> Iterator[Finding]:
    for rows in alike:
        files = tuple(sorted(samples[row].id for row in rows))
        labels = sorted({samples[row].label for row in rows})
        if len(labels) == 1:
            yield Finding(
                kind="exact_duplicate",
                severity="note",
                files=files,
                detail=f"{len(files)} samples of {labels[0]!r} are the same image",
            )
        else:
            yield Finding(
                kind="label_conflict",
                severity="warning",
                files=files,
                detail=f"one image is labelled {', '.join(map(repr, labels))}",
            )


def _leaks(samples: Samples, units: NDArray[np.intp]) -> Iterator[Finding]:
    given: defaultdict[int, list[int]] = defaultdict(list)
    for row, sample in enumerate(samples):
        if sample.split is not None:
            given[int(units[row])].append(row)
    for rows in given.values():
        parts = sorted({str(samples[row].split) for row in rows})
        if len(parts) > 1:
            yield Finding(
                kind="split_leak",
                severity="error",
                files=tuple(sorted(samples[row].id for row in rows)),
                detail=f"images that belong together are given in {' and '.join(parts)}",
            )
