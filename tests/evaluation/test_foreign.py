"""Predictions that another program wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellclf.errors import DataError
from cellclf.evaluation.foreign import read_any_predictions, understood
from cellclf.evaluation.prediction_files import write_csv
from cellclf.evaluation.predictions import classes_of, predictions_table, probabilities

THEIRS = pd.DataFrame(
    {
        "file": ["1.png", "2.png", "3.png"],
        "truth": ["Mono", "Neu", ""],
        "who": ["A", "B", "B"],
        "Mono": [0.75, 0.25, 0.5],
        "Neu": [0.25, 0.75, 0.5],
    }
)
COLUMNS = {
    "label": "truth",
    "group": "who",
    "path": "file",
    "p_Mono": "Mono",
    "p_Neu": "Neu",
}


def written(folder: Path, table: pd.DataFrame, name: str = "theirs.csv") -> Path:
    path = folder / name
    if path.suffix == ".parquet":
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["theirs.csv", "theirs.parquet"])
def test_columns_of_other_names_are_read_as_ours(tmp_path: Path, name: str) -> None:
    table = read_any_predictions(written(tmp_path, THEIRS, name), COLUMNS).table
    assert classes_of(table) == ("Mono", "Neu")
    assert table["label"].tolist() == ["Mono", "Neu", ""]
    assert table["group"].tolist() == ["A", "B", "B"]
    assert table["sample_id"].tolist() == ["1", "2", "3"]
    np.testing.assert_allclose(probabilities(table), THEIRS[["Mono", "Neu"]])


def test_columns_named_as_ours_need_no_word(tmp_path: Path) -> None:
    theirs = pd.DataFrame({"p_a": [0.5, 1], "label": ["b", "a"], "p_b": [0.5, 0], "note": ["", ""]})
    table = read_any_predictions(written(tmp_path, theirs)).table
    assert classes_of(table) == ("a", "b")
    assert table["top_class"].tolist() == ["a", "a"]


def test_our_own_files_are_read_as_they_are(tmp_path: Path) -> None:
    ours = predictions_table(
        sample_ids=["x"], labels=["a"], probabilities=[[0.25, 0.75]], classes=("a", "b")
    )
    write_csv(ours, tmp_path / "ours.csv")
    pd.testing.assert_frame_equal(read_any_predictions(tmp_path / "ours.csv").table, ours)


@pytest.mark.parametrize(
    ("changes", "columns", "said"),
    [
        ({}, {}, "a column 'label' with the true class.*label=NAME.*'truth'"),
        ({}, {"label": "truht"}, "no column 'truht'.*Did you mean 'truth'"),
        ({}, {"lable": "truth"}, "a column here is one of.*Did you mean 'label'"),
        ({}, {"label": "truth"}, r"the probability of each class, called p_<class>"),
        ({}, {"label": "truth", "p_Mono": "Mono"}, "the probability of each class"),
        ({"truth": ["Mono", "neu", ""]}, COLUMNS, "one of the classes Mono, Neu.*'neu'"),
        ({"truth": ["Mono", "Ig", ""]}, COLUMNS, "Received: 'Ig'.* is the column 'p_Ig' missing"),
        ({"Mono": [0.75, None, 0.5]}, COLUMNS, "p_Mono must be a number.*'' in row 2"),
        ({"Mono": ["much", "0.25", "0.5"]}, COLUMNS, "Received: 'much' in row 1 of column 'Mono'"),
        ({"Mono": [0.75, 0.25, 0.4]}, COLUMNS, "sum to 1.*in row 3; 1 of 3 rows"),
        ({"Mono": [75, 25, 50], "Neu": [25, 75, 50]}, COLUMNS, "look like per cent"),
        ({"Mono": [2.0, -1, 0.5]}, COLUMNS, "look like logits"),
        ({"Mono": [0.5, 0.1, 0.1]}, COLUMNS, "column of a class missing"),
    ],
)
def test_what_cannot_be_understood_is_said(
    tmp_path: Path, changes: dict[str, object], columns: dict[str, str], said: str
) -> None:
    path = written(tmp_path, THEIRS.assign(**changes))
    with pytest.raises(DataError, match=rf"(?s)theirs\.csv.*{said}"):
        read_any_predictions(path, columns)


OURS = predictions_table(
    sample_ids=["x", "y"],
    labels=["a", "b"],
    probabilities=[[0.25, 0.75], [0.5, 0.5]],
    classes=("a", "b"),
)


@pytest.mark.parametrize(
    ("ours", "columns", "said"),
    [
        (OURS.assign(p_b=[0.75, None]), {}, "number in each row.*in row 2 of column 'p_b'"),
        (OURS.assign(label=["a", "c"]), {}, "Received: 'c'. Or is the column 'p_c' missing"),
        (OURS, {"p_a": "p_b"}, "for 1 class only, 'p_a': name all classes, or none.*'p_a', 'p_b'"),
    ],
)
def test_what_is_amiss_in_a_file_of_ours_is_said_in_the_same_words(
    tmp_path: Path, ours: pd.DataFrame, columns: dict[str, str], said: str
) -> None:
    with pytest.raises(DataError, match=rf"(?s)^\S+theirs\.csv: .*{said}"):
        read_any_predictions(written(tmp_path, ours), columns)
    with pytest.raises(DataError, match=rf"(?s){said}"):
        understood(ours, columns)


def test_the_encoding_that_is_wanted_is_named(tmp_path: Path) -> None:
    THEIRS.to_csv(tmp_path / "theirs.csv", index=False, encoding="utf-16")
    with pytest.raises(DataError, match="save it as CSV in the encoding UTF-8"):
        read_any_predictions(tmp_path / "theirs.csv", COLUMNS)


def test_files_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_any_predictions(tmp_path / "none.csv")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_any_predictions(tmp_path / "empty.csv")
    with pytest.raises(DataError, match=r"must be a \.parquet, a \.csv or a \.jsonl file"):
        read_any_predictions(tmp_path / "table.xlsx")


def test_missing_cells_of_a_parquet_file_are_empty(tmp_path: Path) -> None:
    theirs = THEIRS.assign(who=["A", None, "B "], truth=["Mono", None, "Neu"])
    path = tmp_path / "theirs.parquet"
    theirs.to_parquet(path)
    table = read_any_predictions(path, COLUMNS).table
    assert table["group"].tolist() == ["A", "", "B"]
    assert table["label"].tolist() == ["Mono", "", "Neu"]
    numbered = THEIRS.assign(truth=[1.0, None, 2.0]).rename(columns={"Mono": "p_1", "Neu": "p_2"})
    numbered.to_parquet(path)
    assert read_any_predictions(path, {"label": "truth"}).table["label"].tolist() == ["1", "", "2"]


def test_a_parquet_file_with_our_names_is_read_as_a_csv_is(tmp_path: Path) -> None:
    theirs = pd.DataFrame({"label": ["a", "b"], "p_a": [1.0, 0.25], "p_b": [0.0, 0.75]})
    one = read_any_predictions(written(tmp_path, theirs)).table
    other = read_any_predictions(written(tmp_path, theirs, "theirs.parquet")).table
    pd.testing.assert_frame_equal(one, other)


def test_parts_and_folds_of_other_programs(tmp_path: Path) -> None:
    theirs = THEIRS.assign(fold=["Val", "Test", "4"])
    found = read_any_predictions(written(tmp_path, theirs), {**COLUMNS, "split": "fold"})
    assert found.table["split"].tolist() == ["validation", "test", ""]
    assert found.other_parts == ("4",)
