"""From predictions of many slides to a row a slide."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

__all__ = ["by_slide"]


def by_slide(predictions: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Count the cells of each slide.

    Args:
        predictions: As `cellclf.Classified.table` has them; the folder of an image is its slide.
        classes: In the order of the columns.

    Returns:
        One row a slide, in the order of their names: `slide`, `cells`, the share of each class
        among all cells, `unidentified` (share of cells that are none of the classes) and
        `to_review`, how many answers a person should look at.

    Example:
        >>> seen = pd.DataFrame({
        ...     "path": ["7/a.png", "7/b.png", "8/a.png"],
        ...     "predicted": ["monocyte", "unidentified", "monocyte"],
        ...     "review": [False, True, False],
        ... })
        >>> by_slide(seen, ["monocyte"])
          slide  cells  monocyte  unidentified  to_review
        0     7      2       0.5           0.5          1
        1     8      1       1.0           0.0          0
    """
    slide = predictions["path"].map(lambda path: Path(path).parent.name).rename("slide")
    shares = pd.crosstab(slide, predictions["predicted"], normalize="index")
    shares = shares.reindex(columns=[*classes, "unidentified"], fill_value=0.0)
    flagged = predictions["review"].eq(other=True).groupby(slide).sum().astype(int)
    counted = slide.value_counts().sort_index()
    shares.insert(0, "cells", counted)
    return shares.assign(to_review=flagged).rename_axis(columns=None).reset_index()
