"""Findings about given parts that share what may not be separated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.findings import Finding
from cellclf.data.leaks import given_leaks
from cellclf.data.samples import Samples

__all__ = ["leak_findings"]


def leak_findings(
    samples: Samples,
    clusters: Iterable[Sequence[int]],
    units: NDArray[np.intp],
    readable: NDArray[np.bool_],
) -> Iterator[Finding]:
    """Yield one finding for each tie that lies in more than one given part.

    Args:
        samples: The set.
        clusters: Rows that show the same, equal or nearly so.
        units: Unit of each sample, shape `(n,)`.
        readable: Which samples are usable images, shape `(n,)`; the others leak nothing.
    """
    row_of = {row: place for place, row in enumerate(np.flatnonzero(readable).tolist())}
    alike = [[row_of[row] for row in rows if row in row_of] for rows in clusters]
    for leak in given_leaks(samples.keep(readable), units[readable], alike=alike):
        yield Finding(
            kind="split_leak",
            severity="error",
            files=tuple(sorted(name for ids in leak.parts.values() for name in ids)),
            detail=str(leak),
        )
