"""Text that a spreadsheet would compute."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellclf.data.tables import read_table
from cellclf.evaluation.evaluation import Evaluation
from cellclf.evaluation.foreign import read_any_predictions
from cellclf.evaluation.prediction_files import read_predictions, write_csv
from cellclf.evaluation.predictions import predictions_table
from cellclf.spreadsheets import inert, original, read_texts, write_table
from tests.hostile_names import FORMULAS, HOSTILE

STARTS = st.sampled_from(["", "'", "''", "=", "+", "-", "@", "\t", "\r", "＝"])


@given(start=STARTS, text=st.text(max_size=8))
def test_every_text_comes_back_letter_for_letter(start: str, text: str) -> None:
    assert original(inert(start + text)) == start + text


@given(start=STARTS, text=st.text(max_size=8))
def test_nothing_that_is_written_begins_a_formula(start: str, text: str) -> None:
    assert not inert(start + text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))


@pytest.mark.parametrize("plain", ["neutrophil", "'s-Gravenhage", "a=b", "7", "", "patient=7"])
def test_what_is_no_formula_is_written_as_it_is(plain: str) -> None:
    assert inert(plain) == original(plain) == plain


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"-name": ["=1"], "cells": [-3], "share": [-0.5]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "-name,cells,share\n'=1,-3,-0.5\n"
    assert read_texts(tmp_path / "t.csv").to_dict("list") == {
        "-name": ["=1"],
        "cells": ["-3"],
        "share": ["-0.5"],
    }


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_whatever_stands_between_its_cells(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "t.csv"
    rows = [["", "path", "why; or", "corrected"], ["0", '"a,b;c"', " x ", ""], [""] * 4, ["1", "d"]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    file.write_text(text.replace("why; or", '"why; or"'), encoding="utf-8-sig", newline="")
    assert read_texts(file).to_dict("list") == {
        "path": ["a,b;c", "d"],
        "why; or": [" x ", ""],
        "corrected": ["", ""],
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,predicted\na/1.png,eos,\na/2.png,neu,\n", r"more cells than .* lines 2, 3"),
        ("path;predicted\na;1.png;eos\n", r"a semicolon in an unquoted path\?\) in line 2"),
        ("path,path\na,b\n", "'path' twice"),
        ('path,predicted\na,"eos\nb,neu\n', "unexpected end of data"),
        ("", "an empty file"),
    ],
)
def test_a_table_that_would_be_read_wrongly_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=said):
        read_texts(tmp_path / "t.csv")


def predictions() -> pd.DataFrame:
    number = len(HOSTILE)
    return predictions_table(
        sample_ids=[f"{name}/{place}" for place, name in enumerate(HOSTILE)],
        paths=list(HOSTILE),
        groups=[f"{name}=1" for name in HOSTILE],
        labels=list(HOSTILE),
        probabilities=np.eye(number),
        classes=HOSTILE,
    )


def test_predictions_of_hostile_classes_hold_no_formula_and_come_back(tmp_path: Path) -> None:
    table = predictions()
    write_csv(table, tmp_path / "cells.csv")
    raw = pd.read_csv(tmp_path / "cells.csv", dtype=str, keep_default_na=False)
    for column in ("sample_id", "path", "group", "label", "predicted", "top_class"):
        assert not raw[column].str.startswith(("=", "+", "-", "@", "\t", "\r", "＝")).any()
    pd.testing.assert_frame_equal(read_predictions(tmp_path / "cells.csv"), table)
    pd.testing.assert_frame_equal(read_any_predictions(tmp_path / "cells.csv", {}).table, table)


def test_a_table_of_images_may_name_them_as_predictions_do(tmp_path: Path) -> None:
    # Returns are no part of a cell there, as they are of none that a person writes.
    names = [name for name in FORMULAS if "\r" not in name]
    write_table(pd.DataFrame({"path": names, "label": names[::-1]}), tmp_path / "images.csv")
    rows = read_table(tmp_path / "images.csv").rows
    assert [row["label"] for row in rows] == names[::-1]


def test_figures_of_hostile_classes_hold_no_formula(tmp_path: Path) -> None:
    estimates = pd.DataFrame({"metric": "recall", "of": HOSTILE, "value": -1.0})
    found = Evaluation(
        name="=cmd()", classes=HOSTILE, estimates=estimates, confusion=np.eye(2, dtype=np.intp)
    )
    found.write_csv(tmp_path / "figures.csv")
    assert read_texts(tmp_path / "figures.csv")["of"].tolist() == list(HOSTILE)
    lines = pd.read_csv(tmp_path / "figures.csv", dtype=str)["of"]
    assert not lines.str.startswith(("=", "+", "-", "@", "\t", "\r", "＝")).any()
