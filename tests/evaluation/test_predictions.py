"""The table of predictions, in memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cellclf.errors import DataError
from cellclf.evaluation.predictions import (
    checked_table,
    classes_of,
    labelled,
    predictions_table,
    probabilities,
    review_flags,
    true_classes,
    with_probabilities,
)

CLASSES = ("round", "long")


def table(**changes):
    values = {
        "sample_ids": ["a", "b", "c"],
        "paths": ["a.png", "b.png", "c.png"],
        "groups": ["", "patient=1", ""],
        "splits": ["test", "test", "train"],
        "labels": ["round", "long", ""],
        "probabilities": [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]],
        "classes": CLASSES,
    }
    return predictions_table(**{**values, **changes})


def test_the_columns_are_those_of_the_contract_in_their_order():
    assert list(table().columns) == [
        "sample_id", "path", "group", "split", "label", "predicted", "top_class",
        "confidence", "review", "outlier_score", "p_round", "p_long",
    ]  # fmt: skip


def test_the_top_class_is_the_most_probable_and_the_first_of_equals():
    made = table()
    assert made["top_class"].tolist() == ["round", "round", "long"]
    assert made["predicted"].tolist() == made["top_class"].tolist()
    assert made["confidence"].tolist() == [0.75, 0.5, 0.75]


def test_what_a_later_step_decides_is_there_and_empty():
    assert table()["review"].isna().all()
    assert table()["outlier_score"].isna().all()


def test_new_images_have_no_label_group_or_split():
    made = predictions_table(
        sample_ids=["a"], paths=["a"], probabilities=[[0.5, 0.5]], classes=CLASSES
    )
    assert made.loc[0, ["group", "split", "label"]].tolist() == ["", "", ""]


def test_a_table_gives_back_its_classes_probabilities_and_labels():
    assert classes_of(table()) == CLASSES
    assert probabilities(table()).dtype == np.float32
    assert probabilities(table()).tolist() == [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]
    assert true_classes(table()).tolist() == [0, 1, -1]
    assert labelled(table())["sample_id"].tolist() == ["a", "b"]


def test_a_class_may_be_called_as_a_column_is():
    made = table(classes=("ath", "_p_"), labels=None)
    assert classes_of(made) == ("ath", "_p_")


def test_a_table_without_rows_is_a_table():
    made = predictions_table(sample_ids=[], probabilities=np.zeros((0, 2)), classes=CLASSES)
    assert len(made) == 0
    assert classes_of(made) == CLASSES


def test_bytes_that_are_no_text_in_a_file_name_are_spelt_out():
    made = table(paths=["a\udcff.png", "b.png", "c.png"])
    assert made["path"].iloc[0] == r"a\udcff.png"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": ["round"]}, "3 rows"),
        ({"labels": ["round", "square", ""]}, "'square'"),
        ({"sample_ids": ["a", "a", "b"]}, "unique"),
        ({"probabilities": [[0.5, 0.5]]}, "shape"),
        ({"probabilities": [[0.5, 0.1]] * 3}, "sum to 1"),
        ({"probabilities": [[1.5, -0.5]] * 3}, "0 or more"),
        ({"probabilities": [[np.nan, 0.5]] * 3}, "sum to 1"),
        ({"classes": ("round", "round")}, "different"),
        ({"classes": ("round",), "probabilities": [[1]] * 3, "labels": None}, "two or more"),
        ({"classes": (), "probabilities": np.zeros((3, 0)), "labels": None}, "two or more"),
    ],
)
def test_what_is_no_prediction_is_refused(changes, said):
    with pytest.raises(DataError, match=said):
        table(**changes)


def test_a_table_with_other_columns_is_refused_by_name():
    with pytest.raises(DataError, match="'group'"):
        checked_table(table().drop(columns="group"))
    with pytest.raises(DataError, match="'quality'"):
        checked_table(table().assign(quality=1))


def test_other_probabilities_change_the_answers_and_nothing_else():
    made = table(outlier_scores=[1.5, np.nan, 3.0]).set_index(pd.Index([4, 2, 0]))
    changed = with_probabilities(made, [[0.25, 0.75], [0.5, 0.5], [1, 0]])
    kept = ["sample_id", "path", "group", "split", "label", "review", "outlier_score"]
    pd.testing.assert_frame_equal(changed[kept], made[kept])
    assert changed["top_class"].tolist() == changed["predicted"].tolist()
    assert changed["top_class"].tolist() == ["long", "round", "round"]
    assert changed["confidence"].tolist() == [0.75, 0.5, 1.0]
    assert probabilities(changed).tolist() == [[0.25, 0.75], [0.5, 0.5], [1, 0]]


def test_every_column_has_its_type():
    types = table(outlier_scores=[1, 2, 3]).dtypes.astype(str).to_dict()
    texts = ["sample_id", "path", "group", "split", "label", "predicted", "top_class"]
    assert {types[name] for name in texts} == {str(pd.Series([], dtype="str").dtype)}
    numbers = ["confidence", "outlier_score", "p_round", "p_long"]
    assert {types[name] for name in numbers} == {"float32"}
    assert types["review"] == "boolean"


def test_scores_stand_in_the_rows_that_they_are_of():
    assert table(outlier_scores=[3, 1, 2])["outlier_score"].tolist() == [3, 1, 2]
    for wrong in ([1, 2], [[1, 2, 3]], 1.0):
        with pytest.raises(DataError, match=r"`outlier_scores` must have shape \(3,\)"):
            table(outlier_scores=wrong)


@pytest.mark.parametrize("off", [0.0009, -0.0009])
def test_probabilities_that_were_rounded_are_taken(off):
    made = table(probabilities=[[0.75, 0.25 + off]] * 3)
    assert probabilities(made)[0, 1] == np.float32(0.25 + off)
    with pytest.raises(DataError, match=r"Received: \[0\.75, 0\.2[45].*\] for 'b'"):
        table(probabilities=[[0.5, 0.5], [0.75, 0.25 + 1.3 * off], [0.5, 0.6]])


def test_an_unknown_column_that_is_nearly_a_known_one_is_told_apart():
    with pytest.raises(DataError, match=r"'outlier_scor'\. Did you mean 'outlier_score', which"):
        checked_table(table().assign(outlier_scor=1))
    with pytest.raises(DataError, match=r"Received: 'x'\.$"):
        checked_table(table().assign(x=1))
    with pytest.raises(DataError, match=r"must be called p_<class>\. Received: 'p_'\.$"):
        checked_table(table().assign(p_=0))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (["path", "group"], r"column 1 .* must be 'sample_id'\. Received: 'path'"),
        (["sample_id", "path"], r"column 3 .* must be 'group'\. Received: 'nothing'"),
        ([], r"column 1 .* must be 'sample_id'\. Received: 'nothing'"),
    ],
)
def test_the_first_column_that_is_missing_is_named(columns, said):
    with pytest.raises(DataError, match=said):
        checked_table(table()[columns])


def test_labels_and_top_classes_must_be_classes_and_are_all_named():
    unlabelled = table().assign(label="")
    assert checked_table(unlabelled) is unlabelled
    with pytest.raises(
        DataError, match=r"every label must be .* round, long\. Received: 'x', 'y'$"
    ):
        checked_table(table().assign(label=["y", "x", ""]))
    with pytest.raises(DataError, match=r"every top_class must be .* Received: ''$"):
        checked_table(table().assign(top_class=["", "long", "long"]))


def test_no_class_may_be_called_as_what_is_none_of_them():
    with pytest.raises(DataError, match="no class may be called 'unidentified'"):
        table(classes=("round", "unidentified"), labels=None)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([True, False, pd.NA], dtype="boolean"),
        pd.Series([True, False, None], dtype=object),
        pd.Series([" TRUE", "False ", "  "], dtype="str"),
        pd.Series(["true", "FALSE", np.nan]),
    ],
)
def test_marks_for_review_are_read_however_they_were_written(column):
    column = column.set_axis([7, 8, 9])
    found = review_flags(column)
    pd.testing.assert_series_equal(
        found, pd.Series([True, False, pd.NA], index=[7, 8, 9], dtype="boolean")
    )


def test_a_mark_that_says_something_else_is_named():
    with pytest.raises(DataError, match=r"'review' must say .* Received: ' Yes'$"):
        review_flags(pd.Series(["true", " Yes", "no"]))


@pytest.mark.parametrize("name", ["paths", "groups", "splits", "labels"])
def test_a_column_of_another_length_is_named(name):
    with pytest.raises(DataError, match=rf"must have 3 rows.* 2 for '{name.removesuffix('s')}'"):
        table(**{name: ["", ""]})
