"""The table of predictions, in memory."""

from __future__ import annotations

import numpy as np
import pytest

from cellclf.errors import DataError
from cellclf.evaluation.predictions import (
    checked_table,
    classes_of,
    labelled,
    predictions_table,
    probabilities,
    true_classes,
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
