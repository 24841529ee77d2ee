"""Comparing models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from cellclf.errors import DataError
from cellclf.evaluation.comparison import best_model, comparison
from cellclf.evaluation.predictions import predictions_table


def predicted(*first_class_probabilities, labels=("a", "a", "b", "b")):
    return predictions_table(
        sample_ids=[str(number) for number in range(len(labels))],
        labels=labels,
        probabilities=[[p, 1 - p] for p in first_class_probabilities],
        classes=("a", "b"),
    )


def test_one_row_a_model_in_the_order_given_with_its_facts():
    table = comparison(
        {
            "z": {"accuracy": 0.5, "f1": {"a": 0.4, "macro": 0.6}},
            "a": {"accuracy": 0.75, "f1": {"a": 0.4, "macro": np.nan}, "odd": {"a": 1.0}},
        },
        {"z": {"parameters": 10, "seconds": 1.5}, "a": {"parameters": 20}},
    )
    assert list(table.columns) == ["model", "accuracy", "f1_macro", "parameters", "seconds"]
    assert table["model"].tolist() == ["z", "a"]
    assert table["f1_macro"].tolist() == pytest.approx([0.6, np.nan], nan_ok=True)
    assert table["seconds"].tolist() == pytest.approx([1.5, np.nan], nan_ok=True)


def test_a_model_of_which_nothing_else_is_known_has_its_figures_alone():
    results = {"z": {"accuracy": 0.5}, "a": {"f1": {"a": 0.5, "macro": 0.75}}}
    wanted = {"model": ["z", "a"], "accuracy": [0.5, np.nan], "f1_macro": [np.nan, 0.75]}
    pd.testing.assert_frame_equal(comparison(results), pd.DataFrame(wanted))
    table = comparison(results, {"a": {"seconds": 2.0}})
    pd.testing.assert_frame_equal(table, pd.DataFrame({**wanted, "seconds": [np.nan, 2.0]}))


def test_the_highest_balanced_accuracy_on_validation_wins():
    best = best_model({"worse": predicted(0.9, 0.9, 0.9, 0.1), "better": predicted(0.6, 0.6, 0, 0)})
    assert best.model == "better"
    assert best.reason == (
        "better has the highest balanced accuracy on validation: 1.0000; next is worse with 0.7500."
    )


def test_models_that_are_equal_behind_the_best_change_nothing():
    behind, best = predicted(0.9, 0.4, 0.1, 0.1), predicted(0.6, 0.6, 0.4, 0.4)
    found = best_model({"behind": behind, "best": best, "as far behind": behind})
    assert found.model == "best"
    assert found.reason.endswith("1.0000; next is behind with 0.7500.")


def test_of_equal_balanced_accuracy_the_highest_f1_wins():
    labels = ("a", "a", "b", "b", "b", "b")
    one = predicted(0.9, 0.1, 0.1, 0.1, 0.1, 0.1, labels=labels)  # recall 0.5 and 1
    other = predicted(0.9, 0.9, 0.1, 0.1, 0.9, 0.9, labels=labels)  # recall 1 and 0.5
    third = predicted(0.9, 0.1, 0.9, 0.9, 0.9, 0.1, labels=labels)
    best = best_model({"other": other, "third": third, "one": one})
    assert best.model == "one"
    f1 = [f1_score(labels, table["top_class"], average="macro") for table in (one, other)]
    assert best.reason == (
        "Of those equal so far, one has the highest macro F1 on validation: "
        f"{f1[0]:.4f}; next is other with {f1[1]:.4f}."
    )


def test_of_equal_decisions_the_surer_wins():
    unsure, sure = predicted(0.6, 0.6, 0.4, 0.4), predicted(0.9, 0.9, 0.1, 0.1)
    worse = predicted(0.9, 0.4, 0.4, 0.4)
    best = best_model({"unsure": unsure, "worse": worse, "sure": sure})
    assert best.model == "sure"
    assert best.reason == (
        "Of those equal so far, sure has the lowest log loss on validation: 0.1054; next is unsure "
        "with 0.5108."
    )


def test_of_equals_in_everything_the_one_named_first_wins():
    equal = predicted(1, 1, 0, 0)
    best = best_model({"worse": predicted(1, 0, 0, 0), "z": equal, "a": equal})
    assert best.model == "z"
    assert best.reason == "z, a are equal; z is named first."


def test_the_order_of_rows_makes_no_model_better():
    rng = np.random.default_rng(0)
    labels = np.array(["a", "b"])[rng.integers(0, 2, 500)]
    first = rng.random(500)
    rows = rng.permutation(500)
    one, other = (
        predicted(*first[order], labels=labels[order].tolist()) for order in (np.arange(500), rows)
    )
    assert best_model({"z": one, "a": other}).model == "z"
    assert best_model({"a": other, "z": one}).model == "a"


def test_a_class_without_validation_samples_does_not_spoil_the_choice():
    labels = ("a", "a")
    best = best_model(
        {"x": predicted(0.9, 0.1, labels=labels), "y": predicted(0.9, 0.9, labels=labels)}
    )
    assert best.model == "y"


def test_one_model_is_the_best_of_one():
    best = best_model({"only": predicted(1, 1, 0, 0)})
    assert (best.model, best.reason) == ("only", "It is the only model.")


def test_without_a_model_or_a_label_there_is_no_best():
    with pytest.raises(DataError, match=r"^there must be a model to choose the best from"):
        best_model({})
    with pytest.raises(
        DataError, match=r"^model 'm' must be judged on labelled validation samples"
    ):
        best_model({"m": predicted(1, 1, 0, 0, labels=("", "", "", ""))})
