"""What must stay whole: units of samples, tied by shared groups and by showing the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cellclf.data.samples import Samples

__all__ = ["renumbered", "units_of"]


def units_of(samples: Samples, alike: Iterable[Sequence[int]]) -> NDArray[np.intp]:
    """Return the connected components over shared groups and shared content.

    Groups tie samples within one kind only: patient "1" and field "1" are strangers, and an empty
    group ties nothing.

    Args:
        samples: The set.
        alike: Rows that show the same, or nearly so; one sequence a cluster or pair.

    Returns:
        Number of the unit of each sample, shape `(n,)`, as `renumbered`.

    Example:
        >>> from cellclf.data.samples import Sample
        >>> cells = [
        ...     Sample(id=name, label="ig", path=name, groups={"patient": name[0]})
        ...     for name in ("a1", "a2", "b1", "c1")
        ... ]
        >>> units_of(Samples(samples=tuple(cells), classes=("ig",)), [(1, 2)]).tolist()
        [0, 0, 0, 1]
    """
    ties: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, sample in enumerate(samples):
        for kind, name in sample.groups.items():
            if name:
                ties["group", kind, name].append(row)
    for number, same in enumerate(alike):
        ties["content", str(number)] = list(same)
    n = len(samples)
    rows = [row for tied in ties.values() for row in tied]
    tie = [n + number for number, tied in enumerate(ties.values()) for _ in tied]
    edges = coo_array((np.ones(len(rows), np.int8), (rows, tie)), shape=(n + len(ties),) * 2)
    _, component = connected_components(edges, directed=False)
    return renumbered(component[:n])


def renumbered(units: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number units from 0 in the order in which they come, so that equal sets have equal numbers.

    Example:
        >>> renumbered(np.array([7, 3, 7, 5])).tolist()
        [0, 1, 0, 2]
    """
    _, first, inverse = np.unique(units, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.intp)
