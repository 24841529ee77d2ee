"""An audit as plain text, for a log, a notebook or a terminal without colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from cellclf.auditing.background import BackgroundProbe
from cellclf.auditing.class_sizes import ClassSize
from cellclf.auditing.findings import SEVERITIES, Finding

if TYPE_CHECKING:
    from cellclf.auditing.audit import Audit

__all__ = ["HEADINGS", "class_rows", "examples", "grouped", "probe_sentence", "summary"]

SHOWN = 3
"""Findings of a kind, and files of a finding, that are named; the rest are counted."""

HEADINGS = ("class", "files", "readable", "sources", "effective")


def summary(audit: Audit) -> str:
    """Return the classes, the findings by kind with the first few of each, and the verdict."""
    lines = [*_aligned([HEADINGS, *class_rows(audit.classes)]), "", probe_sentence(audit.probe)]
    for kind, findings in grouped(audit.findings):
        lines += ["", f"{kind}: {len(findings):,} ({findings[0].severity})"]
        lines += [f"  {line}" for line in examples(findings)]
    return "\n".join([*lines, "", audit.verdict])


def class_rows(sizes: Iterable[ClassSize]) -> list[tuple[str, ...]]:
    """Return the cells of the table of classes, a row a class, below `HEADINGS`."""
    return [
        (
            size.name,
            f"{size.files:,}",
            f"{size.readable:,}",
            f"{size.units:,}",
            f"{size.effective:,.1f}",
        )
        for size in sizes
    ]


def grouped(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    """Put findings of one kind together, the most severe first within each and among all."""
    ordered = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    kinds = list(dict.fromkeys(finding.kind for finding in ordered))
    ordered.sort(key=lambda finding: kinds.index(finding.kind))
    return [(kind, list(group)) for kind, group in groupby(ordered, lambda one: one.kind)]


def examples(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield one line for each of the first few findings of a kind, and one for the rest."""
    for finding in findings[:SHOWN]:
        named = ", ".join(finding.files[:SHOWN])
        rest = len(finding.files) - SHOWN
        more = f" and {rest:,} more" if rest > 0 else ""
        if rest > 0 or not named:
            yield f"{finding.detail}{f': {named}{more}' if named else ''}"
        else:
            yield f"{named}: {finding.detail}"
    if len(findings) > SHOWN:
        yield f"and {len(findings) - SHOWN:,} more"


def probe_sentence(probe: BackgroundProbe | None) -> str:
    """Say what the background probe found, whether or not it is a finding."""
    if probe is None:
        return "background probe: not made, fewer than two classes have five independent sources"
    return (
        f"background probe: {100 * probe.accuracy:.1f} % of {probe.images:,} images sorted by the "
        f"border alone (95 % interval {100 * probe.low:.1f} to {100 * probe.high:.1f}); chance is "
        f"{100 * probe.chance:.1f} %"
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
