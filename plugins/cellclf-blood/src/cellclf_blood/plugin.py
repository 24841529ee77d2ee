"""What this distribution offers to cellclf; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterator

import cellclf
from cellclf import DatasetSpec, PretrainedSpec
from cellclf_blood.params import BccdParams, BloodMnistParams, DemoParams, FieldsParams
from cellclf_blood.sources import BCCD, BCCD_FIELDS, BLOODMNIST, PBC
from cellclf_blood.vocabulary import CLASSES

__all__ = ["cellclf_datasets", "cellclf_pretrained"]


@cellclf.hookimpl
def cellclf_datasets() -> Iterator[DatasetSpec]:
    """Offer the published sets of blood cells, and one that is rendered."""
    yield DatasetSpec(
        name="blood_cells",
        summary="Eight classes of peripheral blood cells (PBC, Hospital Clinic of Barcelona)",
        load="cellclf_blood.published:load",
        fetch="cellclf_blood.fetching:fetch_blood_cells",
        classes=CLASSES,
        licence=PBC.licence,
        citation=PBC.citation,
        homepage=PBC.homepage,
        obtain=PBC.obtain,
    )
    yield DatasetSpec(
        name="bloodmnist",
        summary="The same eight classes as arrays of 28 to 224 pixels, with an official division",
        params=BloodMnistParams,
        load="cellclf_blood.bloodmnist:load",
        fetch="cellclf_blood.fetching:fetch_bloodmnist",
        classes=CLASSES,
        licence=BLOODMNIST.licence,
        citation=BLOODMNIST.citation,
        homepage=BLOODMNIST.homepage,
        obtain=BLOODMNIST.obtain,
    )
    yield DatasetSpec(
        name="bccd",
        summary="Four classes of white cells (Kaggle, Blood Cell Images): augmented copies of few",
        params=BccdParams,
        load="cellclf_blood.kaggle_bccd:load",
        fetch="cellclf_blood.fetching:fetch_bccd",
        classes=("eosinophil", "lymphocyte", "monocyte", "neutrophil"),
        licence=BCCD.licence,
        citation=BCCD.citation,
        homepage=BCCD.homepage,
        obtain=BCCD.obtain,
    )
    yield DatasetSpec(
        name="blood_cell_fields",
        summary="Red cells, white cells and platelets cut from whole fields by boxes (BCCD)",
        params=FieldsParams,
        load="cellclf_blood.fields:load",
        fetch="cellclf_blood.fetching:fetch_blood_cell_fields",
        classes=("red_cell", "white_cell", "platelet"),
        licence=BCCD_FIELDS.licence,
        citation=BCCD_FIELDS.citation,
        homepage=BCCD_FIELDS.homepage,
        obtain=BCCD_FIELDS.obtain,
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


@cellclf.hookimpl
def cellclf_pretrained() -> Iterator[PretrainedSpec]:
    """Offer the classifier that is trained on the published set."""
    yield PretrainedSpec(
        name="blood_cells",
        summary="Eight classes of peripheral blood cells, a small network trained on PBC",
        bundle="cellclf_blood:shipped/blood_cells.safetensors",
        card="cellclf_blood:shipped/blood_cells.md",
        experiment="cellclf_blood:shipped/blood_cells.toml",
        licence=PBC.licence,
        citation=PBC.citation,
        homepage=PBC.homepage,
    )
