"""Cells that a page shows one by one, with what was said of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.reporting.pictures import small_jpeg

__all__ = ["CELL", "ShownCell", "shown_cells"]

CELL = "cell"
"""What the picture of a cell itself is called, beside its maps."""

LONGEST_SIDE = 192
"""Pixels of a picture: almost twice what is shown, for fine screens."""

Images = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class ShownCell:
    """One cell, with what was said of it.

    Attributes:
        pictures: JPEG files, by what they are called: the cell, and any maps of it.
        name: Its sample id.
        label: Its true class.
        predicted: The class that came first.
        confidence: Of that class, 0 to 1.
    """

    pictures: Mapping[str, bytes]
    name: str
    label: str
    predicted: str
    confidence: float

    @property
    def right(self) -> bool:
        """Whether its own class came first."""
        return self.label == self.predicted


def shown_cells(
    images: Images, table: pd.DataFrame, *, overlays: Mapping[str, Images] | None = None
) -> tuple[ShownCell, ...]:
    """Return cells as a page shows them.

    Args:
        images: `(n, height, width, 3)`, RGB.
        table: Predictions, one row an image, columns `sample_id`, `label`, `top_class` and
            `confidence`.
        overlays: Images to be shown beside each, `(n, height, width, 3)`, by what they are called.
    """
    views = {CELL: images, **(overlays or {})}
    return tuple(
        ShownCell(
            pictures={name: small_jpeg(view[row], LONGEST_SIDE) for name, view in views.items()},
            name=str(record["sample_id"]),
            label=str(record["label"]),
            predicted=str(record["top_class"]),
            confidence=float(record["confidence"]),
        )
        for row, record in enumerate(table.to_dict("records"))
    )
