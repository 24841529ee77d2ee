"""Comparing models."""

from __future__ import annotations

import numpy as np
import pytest

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


def test_the_highest_balanced_accuracy_on_validation_wins():
    best = best_model({"worse": predicted(0.9, 0.9, 0.9, 0.1), "better": predicted(0.6, 0.6, 0, 0)})
    assert best.model == "better"
    assert best.reason == (
        "better has the highest balanced accuracy on validation: 1.0000; next is worse with 0.7500."
    )


def test_of_equal_balanced_accuracy_the_highest_f1_wins():
    labels = ("a", "a", "b", "b", "b", "b")
    one = predicted(0.9, 0.1, 0.1, 0.1, 0.1, 0.1, labels=labels)  # recall 0.5 and 1
    other = predicted(0.9, 0.9, 0.1, 0.1, 0.9, 0.9, labels=labels)  # recall 1 and 0.5
    best = best_model({"other": other, "one": one})
    assert best.model == "one"
    assert "macro F1" in best.reason


def test_of_equal_decisions_the_surer_wins():
    best = best_model({"unsure": predicted(0.6, 0.6, 0.4, 0.4), "sure": predicted(1, 1, 0, 0)})
    assert best.model == "sure"
    assert "lowest log loss" in best.reason


def test_of_equals_in_everything_the_one_named_first_wins():
    best = best_model({"z": predicted(1, 1, 0, 0), "a": predicted(1, 1, 0, 0)})
    assert best.model == "z"
    assert "equal" in best.reason


def test_a_class_without_validation_samples_does_not_spoil_the_choice():
    labels = ("a", "a")
    best = best_model(
        {"x": predicted(0.9, 0.1, labels=labels), "y": predicted(0.9, 0.9, labels=labels)}
    )
    assert best.model == "y"


def test_one_model_is_the_best_of_one():
    assert best_model({"only": predicted(1, 1, 0, 0)}).model == "only"


def test_without_a_model_or_a_label_there_is_no_best():
    with pytest.raises(DataError, match="none"):
        best_model({})
    with pytest.raises(DataError, match="'m'"):
        best_model({"m": predicted(1, 1, 0, 0, labels=("", "", "", ""))})
