from __future__ import annotations

import numpy as np
import pandas as pd

from cellclf.evaluation.first_to_see import confident_mistakes, least_sure

TABLE = pd.DataFrame(
    {
        "label": ["round", "round", "long", "long", "long"],
        "top_class": ["long", "round", "round", "round", "round"],
        "confidence": np.array([0.6, 0.55, 0.9, 0.7, 0.7], np.float32),
        "review": pd.array([True, True, False, False, True], dtype="boolean"),
    },
    index=[7, 8, 9, 10, 11],
)


def test_mistakes_come_with_the_surest_first_and_equals_in_their_order() -> None:
    assert confident_mistakes(TABLE, limit=9).tolist() == [2, 3, 4, 0]
    assert confident_mistakes(TABLE, limit=2).tolist() == [2, 3]


def test_answers_for_review_come_with_the_least_sure_first_right_or_wrong() -> None:
    assert least_sure(TABLE, limit=9).tolist() == [1, 0, 4]
    assert least_sure(TABLE, limit=1).tolist() == [1]


def test_many_equals_come_in_their_order() -> None:
    rng = np.random.default_rng(0)
    sure, wrong, review = rng.integers(5, 8, 300) / 10, rng.random(300) < 0.5, rng.random(300) < 0.5
    table = pd.DataFrame(
        {
            "label": "round",
            "top_class": np.where(wrong, "long", "round"),
            "confidence": sure,
            "review": pd.array(review, dtype="boolean"),
        }
    )
    mistakes = sorted(np.flatnonzero(wrong), key=lambda place: -sure[place])
    assert confident_mistakes(table, limit=300).tolist() == mistakes
    unsure = sorted(np.flatnonzero(review), key=lambda place: sure[place])
    assert least_sure(table, limit=300).tolist() == unsure


def test_where_nothing_was_decided_there_is_nothing_for_review() -> None:
    undecided = TABLE.assign(review=pd.array([pd.NA] * 5, dtype="boolean"))
    assert least_sure(undecided, limit=9).tolist() == []
    some = TABLE.assign(review=pd.array([pd.NA, True, pd.NA, True, False], dtype="boolean"))
    assert least_sure(some, limit=9).tolist() == [1, 3]


def test_an_empty_table_has_neither() -> None:
    assert confident_mistakes(TABLE[:0], limit=9).tolist() == []
    assert least_sure(TABLE[:0], limit=9).tolist() == []
