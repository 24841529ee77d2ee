"""What this distribution offers to cellclf; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterator

import cellclf
from cellclf import DatasetSpec
from cellclf_malaria.about import CITATION, CLASSES, HOMEPAGE, LICENCE, OBTAIN

__all__ = ["cellclf_datasets"]


@cellclf.hookimpl
def cellclf_datasets() -> Iterator[DatasetSpec]:
    """Offer the set of the National Library of Medicine."""
    yield DatasetSpec(
        name="malaria",
        summary="Red cells with and without malaria parasites, by patient (NLM, thin smears)",
        load="cellclf_malaria.cells:load",
        fetch="cellclf_malaria.fetching:fetch",
        classes=CLASSES,
        licence=LICENCE,
        citation=CITATION,
        homepage=HOMEPAGE,
        obtain=OBTAIN,
    )
