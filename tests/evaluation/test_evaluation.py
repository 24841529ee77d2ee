"""What a table of predictions is worth, said and written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellclf.evaluation.evaluation import Evaluation
from cellclf.evaluation.gates import Held

REACHED = Held(gate="accuracy >= 0.9", passed=True, reason="accuracy >= 0.9: reached.")
MISSED = Held(gate="f1.macro >= 0.9", passed=False, reason="f1.macro >= 0.9: not reached.")
ROWS = {
    "metric": ["accuracy", "f1", "f1"],
    "of": ["", "macro", "long"],
    "value": [0.96875, 0.5, np.nan],
    "low": [0.96, np.nan, np.nan],
    "high": [0.97625, np.nan, np.nan],
    "method": ["Clopper-Pearson", "not estimable: 3 units", "not estimable: no figure"],
    "samples": [1600, 1600, 0],
    "units": [1600, 3, 0],
}
FOUND = Evaluation(
    name="theirs.csv",
    classes=("round", "long"),
    estimates=pd.DataFrame(ROWS),
    confusion=np.array([[1550, 50], [0, 0]]),
)


def test_the_verdict_says_how_many_were_right_of_what_and_within_which_limits() -> None:
    said = "1,550 of 1,600 samples{} were classified correctly"
    limits = " (96.9\u00a0%, 95\u00a0% interval 96.0\u00a0% to 97.6\u00a0%)."
    assert FOUND.verdict == said.format("") + limits
    assert replace(FOUND, part="test").verdict == said.format(" of the part test") + limits
    for others in (FOUND.estimates[1:], FOUND.estimates.assign(low=np.nan)):
        assert replace(FOUND, estimates=others).verdict == said.format("") + "."


def test_all_gates_must_be_reached() -> None:
    assert FOUND.passed
    assert replace(FOUND, gates=(REACHED, REACHED)).passed
    assert not replace(FOUND, gates=(REACHED, MISSED)).passed


def test_the_summary_shows_every_figure_and_what_a_reader_must_know() -> None:
    full = replace(FOUND, unlabelled=1200, gates=(REACHED, MISSED), notes=("Synthetic images.",))
    lines = [" ".join(line.split()) for line in full.summary().splitlines()]
    assert lines == [
        "figure value 95 % interval samples units how",
        "accuracy 0.9688 0.9600 to 0.9762 1600 1600 Clopper-Pearson",
        "f1 macro 0.5000 1600 3 not estimable: 3 units",
        "f1 long – 0 0 not estimable: no figure",
        "",
        " ".join(f"theirs.csv: {FOUND.verdict}".split()),
        "1,200 rows without a label took no part.",
        "Gate accuracy >= 0.9: reached.",
        "Gate f1.macro >= 0.9: not reached.",
        "Synthetic images.",
    ]
    assert FOUND.summary().endswith(FOUND.verdict)
    heading = full.summary().splitlines()[0]
    assert heading.startswith("figure  ")  # headings begin where the longest figure does


@pytest.mark.parametrize("part", ["test", None])
def test_what_is_told_and_written_holds_everything(tmp_path: Path, part: str | None) -> None:
    full = replace(FOUND, part=part, unlabelled=2, gates=(MISSED,), notes=("Synthetic images.",))
    read = full.as_json()
    assert read.pop("estimates")[1] == {
        "metric": "f1",
        "of": "macro",
        "value": 0.5,
        "low": None,
        "high": None,
        "method": "not estimable: 3 units",
        "samples": 1600,
        "units": 3,
    }
    assert read == {
        "name": "theirs.csv",
        "part": part,
        "classes": ["round", "long"],
        "confusion": [[1550, 50], [0, 0]],
        "unlabelled": 2,
        "gates": [
            {
                "gate": "f1.macro >= 0.9",
                "passed": False,
                "reason": "f1.macro >= 0.9: not reached.",
            }
        ],
        "notes": ["Synthetic images."],
    }
    full.write_csv(tmp_path / "found.csv")
    table = pd.read_csv(
        tmp_path / "found.csv",
        keep_default_na=False,
        na_values={"value": "", "low": "", "high": ""},
    )
    pd.testing.assert_frame_equal(table, full.estimates, check_dtype=False)
