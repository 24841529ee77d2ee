"""The published images, where `CELLCLF_REAL_DATA` names a folder that holds some of them."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from pathlib import Path

import pytest
from cellclf_malaria.cells import load
from cellclf_malaria.plugin import cellclf_datasets

from cellclf import NoParams
from cellclf.testing import check_plugin

pytestmark = pytest.mark.real_data


@pytest.fixture
def root() -> Path:
    place = os.environ.get("CELLCLF_REAL_DATA")
    if not place or not (Path(place) / "malaria").is_dir():
        pytest.skip("CELLCLF_REAL_DATA names no folder that holds malaria/")
    return Path(place) / "malaria"


@pytest.mark.slow
def test_the_real_images_keep_the_contract_of_datasets(root: Path) -> None:
    (spec,) = cellclf_datasets()
    check_plugin(spec, root=root, zipped=True)


def test_the_patients_read_from_the_names_are_those_of_the_table(root: Path) -> None:
    with (root.parent / "groups.csv").open(encoding="utf-8", newline="") as file:
        table = {
            f"{row['label']}/{row['file']}": row["group"]
            for row in csv.DictReader(file)
            if row["dataset"] == "malaria"
        }
    samples = load(NoParams(), root=root)
    assert {sample.id for sample in samples} == table.keys()
    ours, theirs = defaultdict(set), defaultdict(set)
    for sample in samples:
        ours[sample.groups["patient"]].add(table[sample.id])
        theirs[table[sample.id]].add(sample.groups["patient"])
    assert len(ours) == len(theirs) == 100
    assert {len(names) for names in (*ours.values(), *theirs.values())} == {1}


def test_the_default_split_of_the_real_images_shares_no_patient(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cellclf.checking import plan
    from cellclf.pipeline.prepare import prepare_data
    from cellclf.progress import Silent
    from cellclf.registry import installed

    monkeypatch.setenv("CELLCLF_CACHE", str(tmp_path / "cache"))
    data = {"dataset": "malaria", "path": str(root), "image_size": 16}
    prepared = prepare_data(plan({"data": data, "models": ["custom_cnn"]}, installed()), Silent())
    parts = defaultdict(set)
    for sample, part in zip(prepared.samples, prepared.split.parts, strict=True):
        parts[sample.groups["patient"]].add(str(part))
    assert {patient: len(of) for patient, of in parts.items()} == dict.fromkeys(parts, 1)
    assert set().union(*parts.values()) == {"train", "validation", "calibration", "test"}
