"""What is wrong with a set of images before anything is learnt from it; what must stay whole."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.auditing.background import (
    BackgroundProbe,
    background_findings,
    probe_background,
)
from cellclf.auditing.class_sizes import ClassSize, class_sizes, size_findings
from cellclf.auditing.duplicates import duplicate_findings
from cellclf.auditing.findings import SEVERITIES, Finding, FindingKind, Severity
from cellclf.auditing.leaks import leak_findings
from cellclf.auditing.likeness import likeness
from cellclf.auditing.measure import Measurements, measure
from cellclf.auditing.near_duplicates import Link
from cellclf.auditing.outliers import outlier_findings
from cellclf.auditing.remembered_links import links_between
from cellclf.auditing.suspicious import suspicious_findings
from cellclf.data.samples import Samples
from cellclf.data.units import units_of
from cellclf.files import cache_folder
from cellclf.progress import Progress, Silent
from cellclf.specs import resolve
from cellclf.terms import counted

__all__ = ["Audit", "audit", "judged"]

PAGE = "cellclf.reporting.audit_page:write_audit_page"
"""Drawing is reporting's, which stands above this room: it is looked up when it is asked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Audit:
    """Everything that was found in one set of samples.

    Attributes:
        samples: The set.
        findings: By kind in the order of `FindingKind`, then by file.
        units: Number of the unit of each sample, shape `(n,)`: samples of one number may not be
            separated. A unit is a connected component over shared groups, equal content and near
            duplicates.
        clusters: Rows that show the same, equal or nearly so, two or more each.
        conflicts: Rows that show the same under different labels, two or more each.
        classes: How much there is of each class, in class order.
        probe: How well the border pixels alone tell the class; `None` where too few units do.
        name: What the set is called: its folder, file or dataset; empty where nobody said.
    """

    samples: Samples
    findings: tuple[Finding, ...]
    units: NDArray[np.intp]
    clusters: tuple[tuple[int, ...], ...]
    conflicts: tuple[tuple[int, ...], ...]
    classes: tuple[ClassSize, ...]
    probe: BackgroundProbe | None
    name: str = ""

    @property
    def safe(self) -> bool:
        """Whether the set can be used as it is: nothing makes a result wrong, no error."""
        return self.count("error") == 0

    @property
    def sources(self) -> int:
        """How many independent sources the usable images of the set come from."""
        unreadable = {name for finding in self.of_kind("unreadable") for name in finding.files}
        usable = [sample.id not in unreadable for sample in self.samples]
        return len(np.unique(self.units[np.array(usable, dtype=bool)]))

    @property
    def verdict(self) -> str:
        """One sentence: whether the set is safe to use as it is."""
        errors, warnings = self.count("error"), self.count("warning")
        if errors:
            return f"Not safe to use as it is: {counted(errors, 'error')}."
        if warnings:
            return f"Safe to use with care: no errors, {counted(warnings, 'warning')}."
        return "Safe to use as it is: no errors, no warnings."

    def count(self, severity: Severity) -> int:
        """How many findings are of that severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def of_kind(self, kind: FindingKind) -> tuple[Finding, ...]:
        """Return the findings of one kind."""
        return tuple(finding for finding in self.findings if finding.kind == kind)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a finding: `kind`, `severity`, `files` (a tuple of ids), `detail`."""
        columns = ["kind", "severity", "files", "detail"]
        rows = [[getattr(finding, name) for name in columns] for finding in self.findings]
        return pd.DataFrame(rows, columns=columns)

    def class_table(self) -> pd.DataFrame:
        """Return one row a class, its name the index, columns as the attributes of `ClassSize`."""
        columns = [field.name for field in fields(ClassSize)]
        return pd.DataFrame([asdict(size) for size in self.classes], columns=columns).set_index(
            "name"
        )

    def as_json(self) -> list[dict[str, Any]]:
        """Return the findings as plain values with the keys of `to_frame`."""
        return [asdict(finding) for finding in self.findings]

    def write_page(self, path: Path) -> None:
        """Write a self-contained HTML page with the pictures side by side.

        Raises:
            RunError: The place cannot be written to.
        """
        resolve(PAGE)(Path(path), self)

    def summary(self) -> str:
        """Return the verdict, the classes and the findings as plain text."""
        from cellclf.auditing.summary import summary  # it needs the type that is made here

        return summary(self)


def audit(
    samples: Samples,
    *,
    progress: Progress | None = None,
    cache: Path | None = None,
    content: Sequence[str] | None = None,
    name: str = "",
) -> Audit:
    """Look at every image of a set, and say what is wrong with it.

    Args:
        samples: The set.
        progress: Hears how far the work has come.
        cache: Where measurements are kept for the next audit; `cellclf.files.cache_folder()` where
            left out.
        content: Hash of what each sample shows, where that is known, as `ImageStore.content`: files
            that an earlier audit has measured are then not even opened.
        name: What the set is called.

    Returns:
        Findings, units and the figures behind them. Samples that cannot be read are in units of
        their own groups, and are like nothing.

    Raises:
        DataError: `content` is not one hash a sample.
    """
    listener = progress or Silent()
    place = cache or cache_folder()
    began = time.monotonic()
    measured = measure(samples, cache=place, progress=listener, content=content)
    links = links_between(samples, measured, cache=place, progress=listener)
    found = judged(samples, measured, links, name=name, progress=listener)
    counts = (counted(found.count(severity), severity) for severity in SEVERITIES)
    listener.say(f"audited in {time.monotonic() - began:.1f} s: {', '.join(counts)}")
    return found


def judged(
    samples: Samples,
    measured: Measurements,
    links: Sequence[Link],
    *,
    name: str = "",
    progress: Progress | None = None,
) -> Audit:
    """Say what the measurements of a set mean; nothing is read any more.

    Args:
        samples: The set.
        measured: As `measure`.
        links: As `near_duplicates`.
        name: What the set is called.
        progress: Hears how far the background probe has come.
    """
    readable = measured.readable
    like = likeness(samples, measured.content, readable, links)
    units = units_of(samples, like.clusters)
    sizes = class_sizes(samples, units, readable)
    probe = probe_background(
        measured.appearance["border"][readable],
        samples.labels[readable],
        units[readable],
        samples.classes,
        progress=progress,
    )
    findings = [
        *(
            Finding(kind="unreadable", severity="warning", files=(samples[row].id,), detail=reason)
            for row, reason in measured.unreadable.items()
        ),
        *suspicious_findings(samples, measured.appearance, readable),
        *duplicate_findings(samples, measured.content, like),
        *leak_findings(samples, like.clusters, units, readable),
        *size_findings(samples, sizes),
        *outlier_findings(samples, measured.appearance, readable),
        *background_findings(samples, probe),
    ]
    order = get_args(FindingKind)
    findings.sort(key=lambda finding: (order.index(finding.kind), finding.files))
    return Audit(
        samples=samples,
        findings=tuple(findings),
        units=units,
        clusters=like.clusters,
        conflicts=like.conflicts,
        classes=sizes,
        probe=probe,
        name=name,
    )
