"""Which answers a person should look at first: sure mistakes, and the least sure of all."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["confident_mistakes", "least_sure"]


def confident_mistakes(table: pd.DataFrame, *, limit: int) -> NDArray[np.intp]:
    """Return the wrong answers, the surest first.

    Args:
        table: Predictions, columns `label`, `top_class` and `confidence`.
        limit: At most so many.

    Returns:
        Places in the table, the first being 0.

    Example:
        >>> table = pd.DataFrame(
        ...     {"label": list("aab"), "top_class": list("bba"), "confidence": [0.6, 0.9, 0.8]}
        ... )
        >>> confident_mistakes(table, limit=2).tolist()
        [1, 2]
    """
    wrong = np.flatnonzero((table["label"] != table["top_class"]).to_numpy())
    return _by(-table["confidence"].to_numpy(), wrong, limit)


def least_sure(table: pd.DataFrame, *, limit: int) -> NDArray[np.intp]:
    """Return the answers that are for review, the least sure first.

    Args:
        table: Predictions, columns `review` and `confidence`.
        limit: At most so many.

    Returns:
        Places in the table, the first being 0; none where `review` is not known.

    Example:
        >>> review = pd.array([True, False, True], dtype="boolean")
        >>> table = pd.DataFrame({"review": review, "confidence": [0.6, 0.9, 0.5]})
        >>> least_sure(table, limit=2).tolist()
        [2, 0]
    """
    wanted = np.flatnonzero(table["review"].fillna(False).to_numpy(dtype=np.bool_))
    return _by(table["confidence"].to_numpy(), wanted, limit)


def _by(order: NDArray[np.floating], places: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
    ordered: NDArray[np.intp] = places[np.argsort(order[places], kind="stable")][:limit]
    return ordered
