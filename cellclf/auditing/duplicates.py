"""Findings about samples that show the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cellclf.auditing.findings import Finding
from cellclf.auditing.likeness import Likeness
from cellclf.data.samples import Samples

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
        labels = {samples[row].label for row in rows}
        yield Finding(
            kind="exact_duplicate",
            severity="note",
            files=_files(samples, rows),
            detail=f"{len(rows)} samples of {', '.join(map(repr, sorted(labels)))} are the same "
            "image",
        )
    for rows in like.copies:
        labels = {samples[row].label for row in rows}
        yield Finding(
            kind="near_duplicate",
            severity="warning",
            files=_files(samples, rows),
            detail=f"{len(rows)} samples of {', '.join(map(repr, sorted(labels)))} show the same: "
            "copies, or overlapping cuts, of one image",
        )
    for rows in like.conflicts:
        labels = {samples[row].label for row in rows}
        equal = len({content[row] for row in rows}) == 1
        yield Finding(
            kind="label_conflict",
            severity="warning",
            files=_files(samples, rows),
            detail=f"{'one image is' if equal else 'copies of one image are'} labelled "
            f"{', '.join(map(repr, sorted(labels)))}",
        )


def _files(samples: Samples, rows: Sequence[int]) -> tuple[str, ...]:
    return tuple(sorted(samples[row].id for row in rows))
