"""Judging predictions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from cellclf.builtin import metrics
from cellclf.errors import DataError
from cellclf.evaluation.judge import answer_counts, confusion_counts, judge, log_loss
from cellclf.evaluation.metric import Metric
from cellclf.evaluation.predictions import predictions_table

CLASSES = ("round", "long", "square")
ACCURACY = Metric(name="accuracy", compute=metrics.accuracy)


def random_table(seed=0, n=40):
    rng = np.random.default_rng(seed)
    prob = rng.dirichlet(np.ones(3), size=n).astype(np.float32)
    labels = rng.choice(CLASSES, size=n)
    return predictions_table(
        sample_ids=[str(number) for number in range(n)],
        labels=labels.tolist(),
        probabilities=prob,
        classes=CLASSES,
    )


def test_counts_equal_scikit_learns():
    table = random_table()
    wanted = reference.confusion_matrix(table["label"], table["top_class"], labels=CLASSES)
    assert confusion_counts(table).tolist() == wanted.tolist()


def test_log_loss_equals_scikit_learns():
    table = random_table()
    columns = sorted(CLASSES)  # scikit-learn wants them so, and rows that sum to 1 exactly
    prob = table[[f"p_{name}" for name in columns]].to_numpy(dtype=float)
    prob = prob / prob.sum(axis=1, keepdims=True)
    wanted = reference.log_loss(table["label"], prob, labels=columns)
    assert log_loss(table) == pytest.approx(wanted, rel=1e-6)


def test_a_label_of_probability_zero_costs_much_but_not_everything():
    table = predictions_table(
        sample_ids=["a"], labels=["b"], probabilities=[[1.0, 0.0]], classes=("a", "b")
    )
    assert 10 < log_loss(table) < 20


def test_rows_without_a_label_take_no_part():
    table = random_table()
    unlabelled = table.assign(label=["", *table["label"][1:]])
    asked = [ACCURACY, Metric(name="f1", compute=metrics.f1)]
    assert judge(unlabelled, asked) == judge(table.iloc[1:], asked)
    assert confusion_counts(unlabelled).sum() == len(table) - 1


def test_refused_cells_still_count():
    table = random_table()
    refused = table.assign(predicted="unidentified")
    assert judge(refused, [ACCURACY]) == judge(table, [ACCURACY])
    assert confusion_counts(refused).tolist() == confusion_counts(table).tolist()


@pytest.mark.filterwarnings("error")
def test_a_table_without_labels_gives_nan_and_no_warning():
    table = random_table().assign(label="")
    found = judge(table, [ACCURACY, Metric(name="recall", compute=metrics.recall)])
    assert np.isnan(found["accuracy"])
    assert all(np.isnan(figure) for figure in found["recall"].values())
    assert np.isnan(log_loss(table))


def test_a_metric_is_given_what_the_contract_says_and_plain_floats_come_back():
    seen = {}

    def compute(y_true, y_prob, *, classes, sample_weight=None):
        seen.update(true=y_true, prob=y_prob, classes=classes)
        return {"macro": np.float32(0.5)}

    found = judge(random_table(), [Metric(name="mine", compute=compute)])
    assert found == {"mine": {"macro": 0.5}}
    assert type(found["mine"]["macro"]) is float
    assert seen["true"].shape == (40,)
    assert seen["prob"].shape == (40, 3)
    assert seen["classes"] == CLASSES


def test_a_metric_that_gives_no_number_is_named():
    with pytest.raises(DataError, match="'broken'"):
        judge(random_table(), [Metric(name="broken", compute=lambda *_, **__: "much")])


def test_answers_are_counted_by_label_with_those_refused_last():
    table = random_table().assign(label=["", *random_table()["label"][1:]])
    table.loc[::4, "predicted"] = "unidentified"
    names = [*CLASSES, "unidentified"]
    rows = table[table["label"] != ""]
    wanted = reference.confusion_matrix(rows["label"], rows["predicted"], labels=names)[:3]
    found = answer_counts(table)
    assert found.tolist() == wanted.tolist()
    assert found[:, 3].sum() == 9
    assert found.dtype == np.intp


def test_classes_and_tables_without_rows_are_counted_as_none():
    table = random_table()
    some = table[table["label"] != "long"]
    assert confusion_counts(some)[1].tolist() == [0, 0, 0]
    assert confusion_counts(some).sum() == len(some)
    nothing = table.assign(label="")
    assert confusion_counts(nothing).tolist() == [[0] * 3] * 3
    assert answer_counts(nothing).tolist() == [[0] * 4] * 3
    assert answer_counts(nothing).dtype == np.intp


def test_log_loss_of_labelled_rows_alone_and_of_classes_that_are_missing():
    table = random_table()
    unlabelled = table.assign(label=["", *table["label"][1:]])
    assert log_loss(unlabelled) == log_loss(table.iloc[1:])
    one = table[table["label"] == "long"]
    assert log_loss(one) == pytest.approx(-np.log(one["p_long"]).mean(), rel=1e-5)
