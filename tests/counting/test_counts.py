"""The counts of specimens as text and as plain values."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cellclf.counting.count import counted
from cellclf.counting.counts import Differential
from cellclf.counting.wanted import Wanted
from cellclf.errors import DataError
from cellclf.evaluation.prediction_files import Sidecar
from cellclf.evaluation.predictions import UNIDENTIFIED, predictions_table

CLASSES = ("eosinophil", "neutrophil")
CONFUSED = ((90, 10), (20, 80))


def predicted(**cells: int) -> pd.DataFrame:
    """So many cells of each specimen; every fifth is an eosinophil."""
    paths = [f"slides/{name}/{n}.png" for name, count in cells.items() for n in range(count)]
    first = np.where(np.arange(len(paths)) % 5 == 0, 0.9, 0.1)
    table = predictions_table(
        sample_ids=paths,
        paths=paths,
        probabilities=np.stack([first, 1 - first], axis=1),
        classes=CLASSES,
    )
    return table.assign(review=pd.Series([False] * len(paths), dtype="boolean"))


def count(table: pd.DataFrame, wanted: Wanted, *, corrected: bool = False) -> Differential:
    sidecar = Sidecar(classes=CLASSES, confusion_counts=CONFUSED if corrected else None)
    return counted(table, classes=CLASSES, sidecar=sidecar, wanted=wanted)


def test_what_a_program_is_told_is_what_the_table_says() -> None:
    wanted = Wanted.parsed(questions=["eosinophil > 50 %"])
    found = count(predicted(A=20, B=40), wanted, corrected=True)
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert [one["name"] for one in told["specimens"]] == ["slides/A", "slides/B"]
    rows = [row for one in told["specimens"] for row in one["classes"]]
    assert [row["cells"] for row in rows] == found.table["cells"].tolist() == [4, 16, 8, 32]
    assert [row["corrected"] for row in rows] == pytest.approx(found.table["corrected"].tolist())
    assert told["specimens"][0]["answers"] == ["eosinophil above 50 %? No, by the corrected share."]
    assert told["notes"][-1].startswith("Not for clinical use")


def test_a_share_that_there_is_not_is_null_for_a_program() -> None:
    table = predicted(A=3).assign(predicted=UNIDENTIFIED)
    (one,) = count(table, Wanted.parsed()).as_json()["specimens"]
    assert (one["cells"], one["unidentified"]) == (0, 3)
    assert [row["share"] for row in one["classes"]] == [None, None]


def test_the_summary_names_a_few_of_the_cells_for_review_and_counts_the_rest() -> None:
    table = predicted(A=8).assign(review=pd.Series([True] * 8, dtype="boolean"))
    (line,) = [
        one
        for one in count(table, Wanted.parsed()).summary().splitlines()
        if "for" in one and "review" in one
    ]
    assert line.strip().startswith("8 for review: slides/A/0.png, ")
    assert line.count(".png") == 5
    assert line.endswith(", ...")


def test_shares_of_a_specimen_that_a_reviewer_looked_at_stay_as_they_are() -> None:
    table = predicted(A=20, B=20)
    table["corrected"] = ["neutrophil", *[""] * 39]
    found = count(table, Wanted.parsed(), corrected=True)
    assert [one.corrected for one in found.specimens] == [False, True]
    assert found.reviewed == 1
    (why,) = found.uncorrected
    assert why.startswith("Shares of slides/A are not corrected")
    assert count(table, Wanted.parsed(correct=False), corrected=True).uncorrected == ()


def test_what_cannot_tell_specimens_apart_is_refused_by_the_names_alone() -> None:
    names = ["slides/A/1.png", "slides/B/1.png"]
    Wanted.parsed(by=r"slides/(\w)").require_told_apart(names)
    with pytest.raises(DataError, match="must be found in every path"):
        Wanted.parsed(by=r"patient(\d)").require_told_apart(names)
