"""Which rows of a table of predictions are independent of each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.ties import components

__all__ = ["GROUP_SEPARATOR", "group_ties", "independent_units"]

GROUP_SEPARATOR = "; "


def independent_units(groups: Iterable[Any]) -> NDArray[np.intp]:
    """Return the unit that each row belongs to: rows of different units share nothing.

    Args:
        groups: The column `group` of a table of predictions: `patient=7; slide=4`, or a plain name.
            A row whose cell is empty or missing is a unit of its own.

    Returns:
        Number of the unit of each row, shape `(n,)`, from 0 in the order in which they come.

    Example:
        >>> independent_units(["patient=7", "", "patient=8; slide=4", "slide=4"]).tolist()
        [0, 1, 2, 2]
    """
    cells = list(groups)
    ties: defaultdict[str, list[int]] = defaultdict(list)
    for row, cell in enumerate(cells):
        for tie in group_ties(cell):
            ties[tie].append(row)
    return components(len(cells), ties.values())


def group_ties(cell: Any) -> list[str]:
    """Return what the groups in a cell tie its row by; nothing where it is empty or missing.

    Example:
        >>> group_ties("patient=7; slide=4"), group_ties("Smith; J"), group_ties("")
        (['patient=7', 'slide=4'], ['Smith; J'], [])
    """
    if cell is None or pd.isna(cell):
        return []
    text = str(cell)
    pieces = text.split(GROUP_SEPARATOR)
    # A name of another program may hold the separator: "Smith; J".
    return pieces if all("=" in piece for piece in pieces) else [text] * bool(text)
