"""What this distribution offers to cellclf; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterator

import cellclf
from cellclf import DatasetSpec
from cellclf_red_cells.about import CITATION, CLASSES, HOMEPAGE, LICENCE, OBTAIN

__all__ = ["cellclf_datasets"]


@cellclf.hookimpl
def cellclf_datasets() -> Iterator[DatasetSpec]:
    """Offer Chula RBC-12."""
    yield DatasetSpec(
        name="red_cell_shapes",
        summary="Twelve shapes of red cells, by field (Chula RBC-12)",
        load="cellclf_red_cells.shapes:load",
        classes=CLASSES,
        licence=LICENCE,
        citation=CITATION,
        homepage=HOMEPAGE,
        obtain=OBTAIN,
    )
