"""What this distribution offers to cellclf; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterator

import cellclf
from cellclf import DatasetSpec
from cellclf_blood.params import DemoParams
from cellclf_blood.vocabulary import CITATION, CLASSES, HOMEPAGE, LICENCE

__all__ = ["cellclf_datasets"]


@cellclf.hookimpl
def cellclf_datasets() -> Iterator[DatasetSpec]:
    """Offer the PBC set as published, and one rendered in its image."""
    yield DatasetSpec(
        name="blood_cells",
        summary="Eight classes of peripheral blood cells (PBC, Hospital Clinic of Barcelona)",
        load="cellclf_blood.published:load",
        classes=CLASSES,
        licence=LICENCE,
        citation=CITATION,
        homepage=HOMEPAGE,
    )
    yield DatasetSpec(
        name="blood_cells_demo",
        summary="The same eight classes rendered by our own code, so that a run needs no download",
        params=DemoParams,
        load="cellclf_blood.demo:load",
        classes=CLASSES,
        licence="Apache-2.0",
        citation="Synthetic pictures rendered by cellclf-blood; no photograph is contained.",
        synthetic=True,
        needs_path=False,
        quickstart="cellclf_blood:quickstart.toml",
    )
