"""Predictions written and read."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellclf.errors import DataError, RunError
from cellclf.evaluation.prediction_files import (
    Sidecar,
    read_predictions,
    read_sidecar,
    read_table,
    require_free,
    sidecar_of,
    write_csv,
    write_predictions,
)
from cellclf.evaluation.predictions import predictions_table

AWKWARD = ("band, segmented", 'the "other"', "Ägyptisch 白血球", "NA", "1.50", "two\nlines")


def awkward_table():
    rng = np.random.default_rng(0)
    prob = rng.dirichlet(np.ones(len(AWKWARD)), size=5).astype(np.float32)
    return predictions_table(
        sample_ids=["1", "02", "nan", "d,e", "é"],
        paths=['a,"b".png', "", "null", "ü/白.png", "=1+1"],
        labels=["NA", "", "1.50", "two\nlines", "band, segmented"],
        probabilities=prob,
        classes=AWKWARD,
    )


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_what_is_read_is_what_was_written(tmp_path, suffix):
    table = awkward_table()
    write_predictions(table, tmp_path / "v1.2", sidecar=Sidecar(classes=AWKWARD))
    found = read_predictions(tmp_path / f"v1.2{suffix}")
    pd.testing.assert_frame_equal(found, table, check_exact=True)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_decisions_that_a_later_step_made_are_read_as_such(tmp_path, suffix):
    table = awkward_table()
    table["review"] = pd.array([True, False, True, pd.NA, False], dtype="boolean")
    table["outlier_score"] = np.array([0.1, 2, np.nan, 3, 4], dtype=np.float32)
    table["predicted"] = ["unidentified", *table["top_class"][1:]]
    write_predictions(table, tmp_path / "m", sidecar=Sidecar(classes=AWKWARD))
    found = read_predictions(tmp_path / f"m{suffix}")
    pd.testing.assert_frame_equal(found, table.astype({"predicted": "str"}), check_exact=True)


def test_decisions_that_a_spreadsheet_wrote_in_capitals_are_read_and_others_refused(tmp_path):
    table = awkward_table()
    table["review"] = ["TRUE", "FALSE", "true", "", "False"]
    table.to_csv(tmp_path / "m.csv", index=False)
    found = read_predictions(tmp_path / "m.csv")["review"]
    assert found.tolist() == [True, False, True, pd.NA, False]
    table.assign(review="yes").to_csv(tmp_path / "m.csv", index=False)
    with pytest.raises(DataError, match=r"'review' must say True or False.* 'yes'"):
        read_predictions(tmp_path / "m.csv")


@given(
    row=st.lists(st.floats(0, 1, width=32), min_size=2, max_size=2).filter(lambda row: sum(row)),
    label=st.sampled_from(["", "a", "b"]),
    # No path holds a null character, and older pandas end a text there.
    path=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)
@settings(max_examples=30, deadline=None)
def test_csv_keeps_every_digit_and_every_letter(tmp_path_factory, row, label, path):
    prob = np.array([row]) / sum(row)
    table = predictions_table(
        sample_ids=["1"], paths=[path], labels=[label], probabilities=prob, classes=("a", "b")
    )
    file = tmp_path_factory.mktemp("csv") / "t.csv"
    write_csv(table, file)
    pd.testing.assert_frame_equal(read_predictions(file), table, check_exact=True)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_table_without_rows_survives(tmp_path, suffix):
    table = predictions_table(sample_ids=[], probabilities=np.zeros((0, 2)), classes=("a", "b"))
    write_predictions(table, tmp_path / "none", sidecar=Sidecar(classes=("a", "b")))
    pd.testing.assert_frame_equal(read_predictions(tmp_path / f"none{suffix}"), table)


def test_a_file_that_a_spreadsheet_marked_as_utf_8_is_read(tmp_path):
    write_csv(awkward_table(), tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_text(encoding="utf-8")
    (tmp_path / "t.csv").write_text(text, encoding="utf-8-sig")
    assert len(read_predictions(tmp_path / "t.csv")) == 5


def test_the_sidecar_says_what_the_table_does_not(tmp_path):
    sidecar = Sidecar(
        classes=AWKWARD,
        model="vgg16",
        bundle_sha256="0" * 64,
        versions={"keras": "3"},
        confusion_part="calibration",
        confusion_counts=tuple((0,) * 6 for _ in range(6)),
    )
    files = write_predictions(awkward_table(), tmp_path / "vgg16", sidecar=sidecar)
    assert [file.name for file in files] == ["vgg16.parquet", "vgg16.csv", "vgg16.json"]
    assert read_sidecar(tmp_path / "vgg16") == sidecar
    assert json.loads((tmp_path / "vgg16.json").read_text(encoding="utf-8"))["schema_version"] == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(f.name for f in files)


def test_a_sidecar_about_other_classes_is_refused(tmp_path):
    with pytest.raises(DataError, match="classes of the table"):
        write_predictions(awkward_table(), tmp_path / "m", sidecar=Sidecar(classes=("a", "b")))


def test_a_sidecar_of_a_newer_version_or_none_at_all_is_refused(tmp_path):
    with pytest.raises(DataError, match="must have a sidecar"):
        read_sidecar(tmp_path / "m")
    (tmp_path / "m.json").write_text('{"schema_version": 2, "classes": ["a"]}', encoding="utf-8")
    with pytest.raises(DataError, match="schema_version"):
        read_sidecar(tmp_path / "m")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    write_csv(awkward_table(), tmp_path / "t.csv")
    before = (tmp_path / "t.csv").read_bytes()
    with pytest.raises(DataError):
        write_csv(awkward_table().drop(columns="path"), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.txt", b"", "must be a .parquet, a .csv or a .jsonl"),
        ("t.csv", b"", "holds no predictions"),
        ("t.csv", b"a,b\n1,2\n", "'sample_id'"),
        ("t.csv", b"\xff\xfe\x00", "holds no predictions"),
        ("t.parquet", b"PAR1nothing", "holds no predictions"),
        ("t.parquet", None, "no such file"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_predictions(tmp_path / name)


def lines(*rows: str) -> bytes:
    return "\n".join(rows).encode()


def test_lines_of_json_are_read_as_the_same_table(tmp_path):
    file = tmp_path / "t.JSONL"
    file.write_bytes(
        lines(
            '{"sample_id": "\u00e9\u2028", "path": null, "group": "", "split": "", "label": "b", '
            '"predicted": "a", "top_class": "a", "confidence": 0.75, "review": true, '
            '"outlier_score": 1.5, "p_a": 0.75, "p_b": 0.25}',
            "",
            '{"sample_id": "2", "path": "x", "group": "", "split": "", "label": null, '
            '"predicted": "b", "top_class": "b", "confidence": 1, "review": null, '
            '"outlier_score": null, "p_a": 0, "p_b": 1}',
            "  ",
        )
    )
    found = read_predictions(file)
    wanted = predictions_table(
        sample_ids=["\u00e9\u2028", "2"],
        paths=["", "x"],
        labels=["b", ""],
        probabilities=[[0.75, 0.25], [0, 1]],
        classes=("a", "b"),
        outlier_scores=[1.5, np.nan],
    )
    wanted["review"] = pd.array([True, pd.NA], dtype="boolean")
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.jsonl", b'{"sample_id": 1}\n[2]\n', "holds no predictions: every line must be a JSON"),
        ("t.jsonl", b"{\n", "holds no predictions"),
        ("t.jsonl", b'{"sample_id": "1"}\n', "column 2 of a table of predictions must be 'path'"),
    ],
)
def test_lines_that_are_no_objects_of_json_are_refused(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_predictions(tmp_path / name)


def test_any_table_is_read_by_its_suffix_and_others_as_text(tmp_path):
    table = pd.DataFrame({"number": ["1", "02"], "text": ["NA", ""]})
    table.to_csv(tmp_path / "t.txt", index=False)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.txt"), table.astype("str"))
    typed = table.assign(number=[1, 2])
    typed.to_parquet(tmp_path / "t.PARQUET")
    assert read_table(tmp_path / "t.PARQUET")["number"].tolist() == [1, 2]
    (tmp_path / "t.jsonl").write_text('{"number": 1}\n{"number": "02"}\n')
    assert read_table(tmp_path / "t.jsonl")["number"].tolist() == [1, "02"]
    # To JSON a carriage return between its signs ends no line; and 1 is 1 where others are 2.5.
    (tmp_path / "t.jsonl").write_bytes(b'{"number":\r1}\r\n{"number": 2.5}\n')
    assert list(map(repr, read_table(tmp_path / "t.jsonl")["number"])) == ["1", "2.5"]


def test_a_sidecar_does_not_overwrite_a_file_of_something_else(tmp_path):
    predictions = tmp_path / "v1.2.csv"
    assert sidecar_of(predictions) == tmp_path / "v1.2.json"
    require_free(predictions)
    write_predictions(awkward_table(), tmp_path / "v1.2", sidecar=Sidecar(classes=AWKWARD))
    require_free(predictions)
    (tmp_path / "v1.2.json").write_text('{"settings": 1}')
    with pytest.raises(RunError, match=r"v1\.2\.json is a file of something else.* v1\.2\.csv:"):
        require_free(predictions)


def test_probabilities_of_any_type_come_back_as_float32(tmp_path):
    table = awkward_table()
    numbers = table.columns[-len(AWKWARD) :]
    wide = table.astype(dict.fromkeys(numbers, np.float64))
    wide.to_parquet(tmp_path / "wide.parquet", index=False)
    pd.testing.assert_frame_equal(read_predictions(tmp_path / "wide.parquet"), table)
    rounded = table.assign(confidence=table["confidence"].round(3).astype(str))
    rounded.to_csv(tmp_path / "t.csv", index=False)
    found = read_predictions(tmp_path / "t.csv")
    assert found["confidence"].dtype == np.float32
    assert found["confidence"].tolist() == pytest.approx(table["confidence"].tolist(), abs=1e-3)


def test_a_sidecar_that_is_not_there_or_says_more_is_refused_with_its_place(tmp_path):
    with pytest.raises(DataError, match=r"sidecar at .*m\.json: No such file"):
        read_sidecar(tmp_path / "m")
    (tmp_path / "m.json").write_text('{"classes": ["a", "b"], "more": 1}')
    with pytest.raises(DataError, match=r"m\.json is no sidecar that this version.*\nmore\n"):
        read_sidecar(tmp_path / "m")
    (tmp_path / "m.json").write_text('{"classes": ["\u767d", "b"]}', encoding="utf-8")
    assert read_sidecar(tmp_path / "m") == Sidecar(classes=("\u767d", "b"))
