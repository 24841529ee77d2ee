"""An audit as plain text, for a log, a notebook or a terminal without colours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from cellclf.auditing.class_sizes import ClassSize
from cellclf.auditing.findings import SEVERITIES, Finding, FindingKind
from cellclf.terms import counted, first_few

if TYPE_CHECKING:
    from cellclf.auditing.audit import Audit

__all__ = [
    "HEADINGS",
    "NO_LABEL",
    "class_rows",
    "examples",
    "grouped",
    "how_severe",
    "probe_sentence",
    "summary",
    "title",
]

SHOWN = 3
"""Findings of a kind, and files of a finding, that are named; the rest are counted."""

NAMED_ALREADY: tuple[FindingKind, ...] = (
    "split_leak",
    "small_class",
    "few_sources",
    "background_shortcut",
)
"""Kinds whose findings say by themselves which images, or which class, they are about."""

NO_LABEL = "(no label)"
"""What stands where a class would, for images without one."""

HEADINGS = ("class", "files", "readable", "sources", "effective")


def summary(audit: Audit) -> str:
    """Return the classes, the findings by kind with the first few of each, and the verdict."""
    lines = [title(audit), "", *_aligned([HEADINGS, *class_rows(audit.classes)])]
    lines += ["", probe_sentence(audit)]
    for kind, findings in grouped(audit.findings):
        lines += ["", f"{kind}: {len(findings):,} ({how_severe(findings)})"]
        lines += [f"  {line}" for line in examples(findings)]
    return "\n".join([*lines, "", audit.verdict])


def title(audit: Audit) -> str:
    """Say which set it is, how much there is, and whether it has labels."""
    name = f"{audit.name}: " if audit.name else ""
    return f"{name}{audit.samples.headline}"


def class_rows(sizes: Iterable[ClassSize]) -> list[tuple[str, ...]]:
    """Return the cells of the table of classes, a row a class, below `HEADINGS`."""
    return [
        (
            size.name or NO_LABEL,
            f"{size.files:,}",
            f"{size.readable:,}",
            f"{size.units:,}",
            f"{size.effective:,.1f}",
        )
        for size in sizes
    ]


def how_severe(findings: Iterable[Finding]) -> str:
    """Say how severe findings are, with numbers where they differ.

    Example:
        >>> one, other = (
        ...     Finding(kind="small_class", severity=severity, files=(), detail="")
        ...     for severity in ("error", "warning")
        ... )
        >>> how_severe([one, one]), how_severe([one, other, other])
        ('error', '1 error, 2 warnings')
    """
    counts = Counter(finding.severity for finding in findings)
    if len(counts) == 1:
        return next(iter(counts))
    present = [severity for severity in SEVERITIES if counts[severity]]
    return ", ".join(counted(counts[severity], severity) for severity in present)


def grouped(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    """Put findings of one kind together, the most severe first within each and among all."""
    ordered = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    kinds = list(dict.fromkeys(finding.kind for finding in ordered))
    ordered.sort(key=lambda finding: kinds.index(finding.kind))
    return [(kind, list(group)) for kind, group in groupby(ordered, lambda one: one.kind)]


def examples(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield one line for each of the first few findings of a kind, and one for the rest."""
    for finding in findings[:SHOWN]:
        files = () if finding.kind in NAMED_ALREADY else finding.files
        named = first_few(files, most=SHOWN)
        if len(files) > SHOWN or not named:
            yield f"{finding.detail}{f': {named}' if named else ''}"
        else:
            yield f"{named}: {finding.detail}"
    if len(findings) > SHOWN:
        yield f"and {len(findings) - SHOWN:,} more"


def probe_sentence(audit: Audit) -> str:
    """Say what the background probe found, whether or not it is a finding."""
    probe = audit.probe
    if probe is None:
        why = "fewer than two classes have five independent sources"
        return f"No background probe: {why if audit.samples.classes else 'there are no labels'}"
    return (
        f"The border alone sorts {100 * probe.accuracy:.1f} % of {counted(probe.images, 'image')} "
        f"rightly, each class counted alike (95 % interval {100 * probe.low:.1f} to "
        f"{100 * probe.high:.1f}); chance is {100 * probe.chance:.1f} %"
    )


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """First column to the left, the others to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [first.ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        ).rstrip()
        for first, *rest in rows
    ]
