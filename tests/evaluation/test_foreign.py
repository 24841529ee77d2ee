"""Predictions that another program wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellclf.errors import DataError
from cellclf.evaluation.foreign import read_any_predictions, read_as_text, understood
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
        ({}, {}, "a column 'label' with the true class.*label=NAME.*'who', 'Mono', 'Neu'$"),
        ({}, {"label": "truht"}, "no column 'truht', which is to be 'label'. Did you mean 'truth'"),
        ({}, {"label": "zz"}, "no column 'zz', which is to be 'label'. The file has: 'file', 't"),
        ({}, {"lable": "truth"}, "one of sample_id, path.*'lable'. Did you mean 'label'"),
        ({}, {"zz": "truth"}, "a column here is one of.*Received: 'zz'.$"),
        ({}, {"p_": "Mono"}, "a column here is one of.*Received: 'p_'"),
        ({}, {"label": "truth"}, r"the probability of each class, called p_<class>"),
        ({}, {"label": "truth", "p_Mono": "Mono"}, "the probability of each class"),
        ({"p_x": 1}, {"label": "truth", "p_Mono": "Mono"}, "the probability of each class"),
        ({"truth": ["Mono", "neu", ""]}, COLUMNS, "Mono, Neu.*: 'neu'. Did you mean 'Neu', or is"),
        ({"truth": ["Mono", "Ig", ""]}, COLUMNS, "Received: 'Ig'. Or is the column 'p_Ig' missing"),
        ({"Mono": [0.75, None, 0.5]}, COLUMNS, "p_Mono must be a number.*'' in row 2.*'Mono'$"),
        ({"Mono": [0.75, None, "inf"]}, COLUMNS, "'' in row 2 of column 'Mono', and in 1 more$"),
        ({"Mono": ["much", "0.25", "0.5"]}, COLUMNS, "Received: 'much' in row 1 of column 'Mono'"),
        ({"Mono": [0.75, 0.25, 0.4]}, COLUMNS, "sum to 1.*, sum 0.9, in row 3; 1 of 3 r.*that.$"),
        ({"Mono": [0.75, 0.25, 0.5011]}, COLUMNS, r"\[0.5011, 0.5\], sum 1.0011, in row 3"),
        ({"Mono": [75, 25, 49.95], "Neu": [25, 75, 50]}, COLUMNS, "that. They look like per cent"),
        ({"Mono": [75, 25, 49.8], "Neu": [25, 75, 50]}, COLUMNS, "are like that.$"),
        ({"Mono": [101, 0, 0], "Neu": [-1, 100, 100]}, COLUMNS, "They look like logits"),
        ({"Mono": [1.0, -0.75, 0.5]}, COLUMNS, "that. They look like logits: apply softmax first$"),
        ({"Mono": [0.5, 0.1, 0.1]}, COLUMNS, "that. Is the column of a class missing"),
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


def test_a_message_names_some_of_what_is_unknown_and_some_columns() -> None:
    names = [f"c{number}" for number in range(13)]
    table = pd.DataFrame({name: [1.0] * 13 for name in ["p_a", "p_b"]}).assign(label=names)
    with pytest.raises(
        DataError, match=r"Received: 'c0', 'c1', 'c10', 'c11', 'c12' and 8 more\. Or is"
    ):
        understood(table, {})
    five = table.assign(label=(names[:4] + [""] * 9))
    with pytest.raises(DataError, match=r"Received: 'c0', 'c1', 'c2', 'c3'\. Or is"):
        understood(five, {})
    wide = pd.DataFrame([[""] * 13], columns=names)
    with pytest.raises(DataError, match=r"The file has: 'c0'.*'c10', 'c11', \.\.\.$"):
        understood(wide, {})
    with pytest.raises(DataError, match=r"The file has: 'c0'.*'c10', 'c11'$"):
        understood(wide[names[:12]], {})


def test_probabilities_may_have_been_rounded_and_labels_be_padded() -> None:
    theirs = pd.DataFrame({"label": [" a", "b "], "p_a": [0.9991, 0.25], "p_b": [0.0, 0.7509]})
    assert understood(theirs, {}).table["label"].tolist() == ["a", "b"]


def test_every_column_of_another_name_is_taken_and_ids_are_kept() -> None:
    theirs = pd.DataFrame(
        {
            "key": ["x ", "y"],
            "file": ["1.png", "2.png"],
            "who": ["A", "B"],
            "fold": ["train", "TEST"],
            "truth": ["b", ""],
            "p_a": [1, 0],
            "p_b": [0, 1],
            "one": [0.25, 0.5],
            "other": [0.75, 0.5],
            "p_": ["", ""],
        }
    )
    columns = {"sample_id": "key", "path": "file", "group": "who", "split": "fold"}
    table = understood(theirs, {**columns, "label": "truth"}).table
    assert table[["sample_id", "path", "group", "split", "label"]].to_numpy().tolist() == [
        ["x", "1.png", "A", "train", "b"],
        ["y", "2.png", "B", "test", ""],
    ]
    assert probabilities(table).tolist() == [[1, 0], [0, 1]]
    named = understood(theirs, {"label": "truth", "p_b": "other", "p_a": "one"}).table
    assert named["sample_id"].tolist() == ["1", "2"]
    assert named[["path", "group", "split"]].eq("").all(axis=None)
    assert classes_of(named) == ("b", "a")
    assert probabilities(named).tolist() == [[0.75, 0.25], [0.5, 0.5]]


def test_the_encoding_that_is_wanted_is_named(tmp_path: Path) -> None:
    THEIRS.to_csv(tmp_path / "theirs.csv", index=False, encoding="utf-16")
    with pytest.raises(DataError, match=r"theirs\.csv is no text in UTF-8: save it as CSV"):
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
    assert read_as_text(path)["truth"].tolist() == ["1", "", "2"]
    assert read_as_text(path)["p_1"].tolist() == ["0.75", "0.25", "0.5"]


def test_a_table_of_text_is_read_letter_for_letter(tmp_path: Path) -> None:
    path = tmp_path / "theirs.CSV"
    path.write_text("label,p_a,p_b\n01,1.0,\nNA,0.50,0.5\n", encoding="utf-8")
    assert read_as_text(path).to_numpy().tolist() == [["01", "1.0", ""], ["NA", "0.50", "0.5"]]
    path.write_text("label,p_a,p_b\na,1.0,0\n", encoding="utf-8")
    assert read_any_predictions(path).table["label"].tolist() == ["a"]


def test_a_parquet_file_with_our_names_is_read_as_a_csv_is(tmp_path: Path) -> None:
    theirs = pd.DataFrame({"label": ["a", "b"], "p_a": [1.0, 0.25], "p_b": [0.0, 0.75]})
    one = read_any_predictions(written(tmp_path, theirs)).table
    other = read_any_predictions(written(tmp_path, theirs, "theirs.parquet")).table
    pd.testing.assert_frame_equal(one, other)


def test_parts_and_folds_of_other_programs(tmp_path: Path) -> None:
    theirs = pd.concat(
        [THEIRS.assign(fold=folds) for folds in (["Val", "Test", "4"], ["3", "", "4"])]
    )
    found = read_any_predictions(written(tmp_path, theirs), {**COLUMNS, "split": "fold"})
    assert found.table["split"].tolist() == ["validation", "test", "", "", "", ""]
    assert found.other_parts == ("4", "3")
    ours = understood(OURS.assign(split=["Training", "test"]), {})
    assert ours.table["split"].tolist() == ["train", "test"]
    assert ours.other_parts == understood(OURS, {}).other_parts == ()
