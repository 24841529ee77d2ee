"""Patients are kept whole on the NIH malaria set, where `CELLCLF_REAL_DATA` says that it is."""

from __future__ import annotations

import csv
import os
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from cellclf.checking import plan
from cellclf.errors import LeakageError
from cellclf.pipeline.prepare import Prepared, prepare_data
from cellclf.progress import Silent
from cellclf.registry import installed
from cellclf.specs import DatasetSpec, ModelSpec
from cellclf.terms import PARTS

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

IN_NAME = r"(?P<patient>C\d+)"


@pytest.fixture
def real_data() -> Path:
    place = os.environ.get("CELLCLF_REAL_DATA")
    if not place or not (Path(place) / "malaria").is_dir():
        pytest.skip("CELLCLF_REAL_DATA names no folder that holds malaria/")
    return Path(place)


def patients(real_data: Path) -> dict[str, str]:
    """The patient of each file, as the list beside the images names it."""
    with (real_data / "groups.csv").open(newline="", encoding="utf-8") as file:
        return {
            row["file"]: row["group"] for row in csv.DictReader(file) if row["dataset"] == "malaria"
        }


def prepared(path: Path, **data: Any) -> Prepared:
    """Everything that a run does before it trains."""
    experiment = {
        "data": {"path": path, "image_size": 32, **data},
        "models": [installed().names(ModelSpec)[0]],
    }
    return prepare_data(plan(experiment, installed()), Silent())


def ways(real_data: Path) -> dict[str, dict[str, Any]]:
    """The ways in which a user can say which patient an image is of."""
    table = {
        "path": real_data / "groups.csv",
        "path_column": "file",
        "group_columns": ["group"],
    }
    return {
        "pattern": {"dataset": "image_folder", "group_pattern": IN_NAME},
        "table": {"dataset": "image_folder", "group_table": table},
        "plugin": {"dataset": "malaria"},
    }


@pytest.mark.parametrize("way", ["pattern", "table", "plugin"])
def test_no_patient_is_in_two_parts_by_default(real_data: Path, way: str) -> None:
    if way == "plugin" and "malaria" not in installed().names(DatasetSpec):
        pytest.skip("no installed plugin offers the dataset malaria")
    found = prepared(real_data / "malaria", **ways(real_data)[way])
    known = patients(real_data)
    parts: defaultdict[str, set[str]] = defaultdict(set)
    for sample, part in zip(found.samples, found.split.parts, strict=True):
        if part:
            parts[known[Path(sample.id).name]].add(str(part))
    assert len(parts) > 50
    assert all(len(where) == 1 for where in parts.values())
    counts = found.counts()
    total = sum(sum(counts[part].values()) for part in PARTS)
    assert total + len(found.left_out) == len(known)
    for part in PARTS:
        assert min(counts[part].values()) > 0


@pytest.mark.parametrize("way", ["pattern", "plugin"])
def test_a_given_split_that_shares_patients_is_refused_and_names_one(
    real_data: Path, tmp_path: Path, way: str
) -> None:
    if way == "plugin" and "malaria" not in installed().names(DatasetSpec):
        pytest.skip("no installed plugin offers the dataset malaria")
    for folder in sorted((real_data / "malaria").iterdir()):
        for number, file in enumerate(sorted(folder.iterdir())[:600]):
            # As published mirrors have it: divided by image, whoever the patient is.
            place = tmp_path / ("train", "valid")[number % 3 == 0] / folder.name
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, place)
    with pytest.raises(LeakageError, match=r"patient '\w+' is in train .* and validation"):
        prepared(tmp_path, **ways(real_data)[way])
