"""The published cells, where `CELLCLF_REAL_DATA` names a folder that holds some of them."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from cellclf_red_cells.plugin import cellclf_datasets
from cellclf_red_cells.shapes import load

from cellclf import NoParams
from cellclf.testing import check_plugin

pytestmark = pytest.mark.real_data


@pytest.fixture
def root() -> Path:
    place = os.environ.get("CELLCLF_REAL_DATA")
    if not place or not (Path(place) / "chula_rbc").is_dir():
        pytest.skip("CELLCLF_REAL_DATA names no folder that holds chula_rbc/")
    return Path(place) / "chula_rbc"


def test_the_real_cells_keep_the_contract_of_datasets(root: Path) -> None:
    (spec,) = cellclf_datasets()
    check_plugin(spec, root=root, zipped=True)


def test_shapes_and_fields_are_those_of_the_table(root: Path) -> None:
    with (root.parent / "groups.csv").open(encoding="utf-8", newline="") as file:
        table = {
            f"{row['label']}/{row['file']}": (row["label"], row["group"])
            for row in csv.DictReader(file)
            if row["dataset"] == "chula_rbc"
        }
    samples = load(NoParams(), root=root)
    assert len(samples) == 1200
    assert len(samples.classes) == 12
    assert {s.id: (s.label, s.groups["field"]) for s in samples} == table
