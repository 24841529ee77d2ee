"""Findings about samples that show the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cellclf.auditing.findings import Finding
from cellclf.auditing.likeness import Likeness
from cellclf.data.samples import Samples
from cellclf.terms import counted

__all__ = ["duplicate_findings"]


def duplicate_findings(
    samples: Samples, content: Sequence[str], like: Likeness
) -> Iterator[Finding]:
    """Yield exact duplicates, near duplicates and label conflicts, one finding a cluster.

    Args:
        samples: The set.
        content: Hash of what each sample shows.
        like: The clusters.
    """
    for rows in like.same:
        yield Finding(
            kind="exact_duplicate",
            severity="note",
            files=samples.ids(rows),
            detail=f"{_counted(samples, rows)} are the same image",
        )
    for rows in like.near_duplicates:
        yield Finding(
            kind="near_duplicate",
            severity="warning",
            files=samples.ids(rows),
            detail=f"{_counted(samples, rows)} show the same: copies, or overlapping cuts, of one "
            "image",
        )
    for rows in like.conflicts:
        equal = len({content[row] for row in rows}) == 1
        yield Finding(
            kind="label_conflict",
            severity="error",
            files=samples.ids(rows),
            detail=f"{'one image is' if equal else 'copies of one image are'} labelled "
            f"{_labels(samples, rows)}",
        )


def _counted(samples: Samples, rows: Sequence[int]) -> str:
    labels = _labels(samples, rows)
    return f"{counted(len(rows), 'sample')}{f' of {labels}' if labels else ''}"


def _labels(samples: Samples, rows: Sequence[int]) -> str:
    """The labels that the samples have, if any has one."""
    labels = {samples[row].label for row in rows} - {""}
    return ", ".join(map(repr, sorted(labels)))
