"""Quality gates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cellclf.errors import DataError
from cellclf.evaluation.gates import held
from cellclf.gates import Gate, require_known

FIGURES = pd.DataFrame(
    [
        ("accuracy", "", 0.96, 0.94, 0.97, "Clopper-Pearson", 500),
        ("recall", "large. cell", 0.97, 0.93, 0.99, "Clopper-Pearson", 90),
        ("f1", "macro", 0.9, np.nan, np.nan, "not estimable: 4 units", 500),
    ],
    columns=["metric", "of", "value", "low", "high", "method", "samples"],
)


def outcome(text: str) -> tuple[bool, str]:
    (found,) = held([Gate.parsed(text)], FIGURES)
    return found.passed, found.reason


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("accuracy >= 0.95", True),
        ("accuracy>=95%", True),
        ("accuracy >= 0.95 (lower bound)", False),
        ("accuracy <= 0.98 (upper bound)", True),
        ("sensitivity.large. cell >= 0.93 (lower bound)", True),
        ("recall.large. cell >= 0.98", False),
        ("f1.macro >= 0.8", True),
        ("f1.macro >= 0.8 (lower bound)", False),
    ],
)
def test_a_figure_or_an_end_of_its_interval_is_held_against_the_limit(text, passed):
    assert outcome(text)[0] == passed


def test_the_reason_says_what_there_is():
    assert outcome("accuracy >= 0.95 (lower bound)")[1] == (
        "accuracy >= 0.95 (lower bound): not reached, it is 0.9600 (95 % interval 0.9400 to "
        "0.9700) on 500 samples."
    )
    assert outcome("f1.macro >= 0.8 (lower bound)")[1].endswith("not estimable: 4 units.")


@pytest.mark.parametrize("text", ["", "accuracy", "accuracy > 0.9", "accuracy >= much", "1 >= 0"])
def test_what_is_no_gate_is_refused(text):
    with pytest.raises(DataError, match="must look like"):
        Gate.parsed(text)


def test_a_gate_about_nothing_is_refused():
    share = (0.0, 1.0)
    gate = Gate.parsed("recal.basophil >= 0.9")
    with pytest.raises(DataError, match="Did you mean 'recall'"):
        require_known(gate, metrics={"recall": share, "accuracy": share})
    gate = Gate.parsed("recall.basofil >= 0.9")
    require_known(gate, metrics={"recall": share})
    with pytest.raises(DataError, match="Did you mean 'basophil'"):
        require_known(gate, metrics={"recall": share}, classes=["basophil", "monocyte"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recall.basofil >= 0.9", r"not: there is recall\.large\. cell$"),
        ("Sensitivity >= 0.9", r"there is Sensitivity\.large\. cell$"),
        ("f1 >= 0.9", r"name a class or macro, such as f1\.macro$"),
        ("accuracy.macro >= 0.9", "accuracy is one figure, of all classes together"),
    ],
)
def test_a_gate_about_a_figure_that_there_is_not_says_which_there_are(text, said):
    with pytest.raises(DataError, match=said):
        held([Gate.parsed(text)], FIGURES)


def test_a_limit_that_no_figure_can_lie_at_is_refused():
    metrics = {"accuracy": (0.0, 1.0), "log_loss": (0.0, None), "kappa": (-1.0, 1.0)}
    with pytest.raises(DataError, match=r"0\.0 to 1\.0\. Received.* 0\.95, or 95 %\?$"):
        require_known(Gate.parsed("accuracy >= 95"), metrics=metrics)
    with pytest.raises(DataError, match=r"-1\.0 to 1\.0\. Received: 'kappa >= 2'\.$"):
        require_known(Gate.parsed("kappa >= 2"), metrics=metrics)
    require_known(Gate.parsed("accuracy >= 95 %"), metrics=metrics)
    require_known(Gate.parsed("log_loss <= 2"), metrics=metrics)


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("accuracy >= 0.96", True),
        ("accuracy <= 0.96", True),
        ("accuracy >= 0.9601", False),
        ("accuracy <= 0.9599", False),
        ("accuracy >= 0.94 (lower bound)", True),
        ("accuracy <= 0.97 (upper bound)", True),
        ("accuracy <= 0.9699 (upper bound)", False),
    ],
)
def test_a_figure_at_its_limit_reaches_it(text, passed):
    found, said = outcome(text)
    assert found == passed
    assert said.startswith(f"{text}: {'reached' if passed else 'not reached'}, it is 0.9600 (95 %")
    assert held([Gate.parsed(text)], FIGURES)[0].gate == text


def test_a_figure_without_an_interval_or_of_nothing_says_so():
    assert outcome("f1.macro >= 0.8")[1] == "f1.macro >= 0.8: reached, it is 0.9000 on 500 samples."
    nothing = FIGURES.assign(value=np.nan)
    (found,) = held([Gate.parsed("accuracy >= 0.1")], nothing)
    assert not found.passed
    assert found.gate == "accuracy >= 0.1"
    assert found.reason == "accuracy >= 0.1: not reached, there is no such figure."


def test_every_gate_is_held_in_its_order():
    texts = ["f1.macro >= 0.95", "accuracy >= 0.95"]
    found = held([Gate.parsed(text) for text in texts], FIGURES)
    assert [(one.gate, one.passed) for one in found] == [(texts[0], False), (texts[1], True)]
    many = FIGURES.assign(samples=12345)
    (one,) = held([Gate.parsed(texts[0])], many)
    assert one.reason.endswith("on 12,345 samples.")


def test_a_metric_that_was_not_computed_has_no_figures():
    with pytest.raises(DataError, match=r"that there is not: there is none$"):
        held([Gate.parsed("kappa >= 0.5")], FIGURES)
    with pytest.raises(DataError, match=r"that there is not: there is f1\.macro$"):
        held([Gate.parsed("f1.basophil >= 0.5")], FIGURES)
    both = pd.concat([FIGURES, FIGURES.iloc[[1]].assign(of="small")])
    with pytest.raises(DataError, match=r"there is recall\.large\. cell, recall\.small$"):
        held([Gate.parsed("recall >= 0.5")], both)
