"""What an experiment may set of the set."""

from __future__ import annotations

from cellclf import Params
from pydantic import Field

__all__ = ["CellsParams"]


class CellsParams(Params):
    """Parameters of the set."""

    folds: tuple[int, ...] = Field(
        (0, 1, 2), min_length=1, description="Numbers of the published folders that are read."
    )
