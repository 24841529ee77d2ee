"""What this package offers to cellclf; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable

from cellclf import DatasetSpec, hookimpl

from cellclf_leukaemia_blasts.about import CITATION, CLASSES, HOMEPAGE, LICENCE, OBTAIN
from cellclf_leukaemia_blasts.params import CellsParams

__all__ = ["SPEC", "cellclf_datasets"]

SPEC = DatasetSpec(
    name="leukaemia_blasts",
    summary="Leukaemia blasts and normal cells, by subject (C-NMC 2019)",
    params=CellsParams,
    load="cellclf_leukaemia_blasts.cells:load",
    classes=CLASSES,
    licence=LICENCE,
    citation=CITATION,
    homepage=HOMEPAGE,
    obtain=OBTAIN,
)


@hookimpl
def cellclf_datasets() -> Iterable[DatasetSpec]:
    """Offer the set."""
    yield SPEC
