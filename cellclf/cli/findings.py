"""What a doctor found, in lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cellclf.doctor.finding import Finding

__all__ = ["finding_lines", "verdict"]


def finding_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Tell each finding, what it is about and the commands that mend it, a space before each."""
    for finding in findings:
        yield ""
        yield f"{finding.severity}: {finding.kind}: {finding.subject}"
        yield f"    {finding.message}"
        if finding.place:
            yield f"    at {finding.place}"
        yield from (f"    $ {remedy}" for remedy in finding.remedies)


def verdict(findings: Sequence[Finding], *, well: str) -> str:
    """Say how many findings there are of each kind, and whether something is broken.

    Args:
        findings: All of them.
        well: What is said where there are none.
    """
    counts = Counter(finding.severity for finding in findings)
    if not counts:
        return well
    told = ", ".join(f"{counts[one]} {one}s" if counts[one] != 1 else f"1 {one}" for one in counts)
    return f"{told}. {'Something is broken.' if counts['error'] else 'Nothing is broken.'}"
