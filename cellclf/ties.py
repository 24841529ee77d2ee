"""What hangs together: rows that are tied to each other, directly or over others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

__all__ = ["components", "renumbered"]


def components(n: int, ties: Iterable[Sequence[int]]) -> NDArray[np.intp]:
    """Return the connected components of `n` rows.

    Args:
        n: Number of rows.
        ties: Rows that one tie holds together; a row may be in several ties, or in none.

    Returns:
        Number of the component of each row, shape `(n,)`, as `renumbered`.

    Example:
        >>> components(5, [(0, 1), (3, 1)]).tolist()
        [0, 0, 1, 0, 2]
    """
    tied = list(ties)
    rows = [row for members in tied for row in members]
    tie = [n + number for number, members in enumerate(tied) for _ in members]
    edges = scipy.sparse.coo_array(
        (np.ones(len(rows), np.int8), (rows, tie)), shape=(n + len(tied),) * 2
    )
    _, component = scipy.sparse.csgraph.connected_components(edges, directed=False)
    return renumbered(component[:n])


def renumbered(units: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number units from 0 in the order in which they come, so that equal sets have equal numbers.

    Example:
        >>> renumbered(np.array([7, 3, 7, 5])).tolist()
        [0, 1, 0, 2]
    """
    _, first, inverse = np.unique(units, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.intp)
