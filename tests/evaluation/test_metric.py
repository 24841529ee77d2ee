"""A metric as evaluation calls it: what it may give, and what it is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from cellclf.builtin import metrics
from cellclf.errors import DataError
from cellclf.evaluation.metric import Limits, Metric

CLASSES = ("a", "b")
TRUE = np.array([0, 0, 1, 1, 1], np.intp)
PROB = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]], np.float32)
TOP = PROB.argmax(axis=1)
WEIGHTS = np.array([[1, 1, 1, 1, 1], [2, 0, 0, 3, 0], [0, 1, 0, 0, 4], [0, 0, 1, 1, 3]], float)


def giving(found: object, *, limits: Limits = (None, None)) -> dict[str, float]:
    """The figures of a metric that gives the same whatever it is asked."""
    metric = Metric(name="mine", compute=lambda *_, **__: found, limits=limits)
    return metric.figures(TRUE, PROB, CLASSES)


def test_one_figure_has_no_name_and_several_keep_theirs() -> None:
    assert giving(np.float32(0.5)) == {"": 0.5}
    assert giving({"a": np.float64(0.25), "macro": 1}) == {"a": 0.25, "macro": 1.0}
    assert giving({7: 0.5}) == {"7": 0.5}
    found = giving({"a": np.int64(1)})
    assert type(found["a"]) is float


@pytest.mark.parametrize("found", ["much", None, {"a": "much"}, [1.0, 2.0]])
def test_what_is_no_figure_is_refused_with_the_name_of_the_metric(found: object) -> None:
    with pytest.raises(DataError, match=r"^metric 'mine' must give a float.* Received: "):
        giving(found)


def test_figures_may_lie_at_their_limits_and_not_beyond() -> None:
    for limits in ((0.0, 1.0), (0.0, None), (None, 1.0), (None, None)):
        ends = {"a": 0.0, "b": 1.0, "macro": float("nan")}
        np.testing.assert_equal(giving(ends, limits=limits), ends)
    assert giving(7.0, limits=(0.0, None)) == {"": 7.0}
    assert giving(-7.0, limits=(None, 1.0)) == {"": -7.0}
    with pytest.raises(DataError, match=r"'mine' .* \(0\.0, 1\.0\)\. Received: 1\.01 for 'b'$"):
        giving({"a": 0.5, "b": 1.01}, limits=(0.0, 1.0))
    with pytest.raises(DataError, match=r"\(0\.0, None\)\. Received: -0\.01$"):
        giving(-0.01, limits=(0.0, None))
    with pytest.raises(DataError, match=r"Received: 1\.01$"):
        giving(1.01, limits=(None, 1.0))


@pytest.mark.parametrize("batched", [True, False])
def test_resamples_are_weightings_as_scikit_learn_takes_them(batched: bool) -> None:
    metric = Metric(name="accuracy", compute=metrics.accuracy, batched=batched)
    found = metric.resampled(TRUE, PROB, CLASSES, WEIGHTS)
    wanted = [accuracy_score(TRUE, TOP, sample_weight=weight) for weight in WEIGHTS]
    assert list(found) == [""]
    np.testing.assert_allclose(found[""], wanted)


@pytest.mark.parametrize("batched", [True, False])
def test_figures_by_class_are_resampled_by_class(batched: bool) -> None:
    metric = Metric(name="recall", compute=metrics.recall, batched=batched)
    found = metric.resampled(TRUE, PROB, CLASSES, WEIGHTS)
    assert list(found) == ["a", "b", "macro"]
    # The last weighting holds nothing of class a, the second only one sample of b.
    np.testing.assert_allclose(found["a"], [1 / 2, 1, 0, np.nan])
    np.testing.assert_allclose(found["b"], [2 / 3, 1, 0, 2 / 5])


def test_a_batched_metric_is_asked_once_for_all_weightings() -> None:
    asked: list[tuple[int, ...]] = []

    def compute(*_: object, classes: object, sample_weight: Any = None) -> Any:
        asked.append(sample_weight.shape)
        return {3: sample_weight.sum(axis=1).astype(int).tolist()}

    metric = Metric(name="mine", compute=compute, batched=True)
    found = metric.resampled(TRUE, PROB, CLASSES, WEIGHTS)
    assert asked == [WEIGHTS.shape]
    assert found["3"].dtype == np.float64
    assert found["3"].tolist() == [5, 5, 5, 5]


@pytest.mark.parametrize("shape", [(), (5,), (4, 1)])
def test_a_batched_metric_must_give_a_figure_for_each_weighting(shape: tuple[int, ...]) -> None:
    metric = Metric(name="mine", compute=lambda *_, **__: np.zeros(shape), batched=True)
    with pytest.raises(DataError, match=r"'mine' must give arrays of shape \(4,\) .*\(4, 5\)"):
        metric.resampled(TRUE, PROB, CLASSES, WEIGHTS)


@pytest.mark.parametrize("lacking", [DataError("no"), ZeroDivisionError(), ValueError("no")])
def test_a_resample_that_lacks_what_a_metric_needs_has_no_figure(lacking: Exception) -> None:
    def compute(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any) -> Any:
        if sample_weight[:2].sum() == 0:
            raise lacking
        both = {"a": 1.0, "b": 2.0}
        return both if sample_weight[2:].sum() else {"a": 0.5}

    weights = np.array([[1, 1, 1, 1, 1], [0, 0, 1, 1, 3], [2, 3, 0, 0, 0]], float)
    found = Metric(name="mine", compute=compute).resampled(TRUE, PROB, CLASSES, weights)
    np.testing.assert_equal(found, {"a": [1.0, np.nan, 0.5], "b": [2.0, np.nan, np.nan]})


def test_another_mistake_of_a_metric_is_not_hidden() -> None:
    def compute(*_: object, classes: object, sample_weight: object) -> float:
        raise TypeError("a mistake")

    with pytest.raises(TypeError, match="a mistake"):
        Metric(name="mine", compute=compute).resampled(TRUE, PROB, CLASSES, WEIGHTS)


def test_a_metric_is_given_the_samples_and_the_weights_of_one_resample() -> None:
    def compute(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any) -> float:
        assert y_true is TRUE
        assert y_prob is PROB
        assert classes is CLASSES
        assert sample_weight.shape == TRUE.shape
        return float(sample_weight @ np.arange(5))

    found = Metric(name="mine", compute=compute).resampled(TRUE, PROB, CLASSES, WEIGHTS)
    assert found[""].tolist() == (WEIGHTS @ np.arange(5)).tolist()


def test_what_is_counted_comes_by_name() -> None:
    hits, counted = TOP == TRUE, TRUE == 0

    def trials(y_true: Any, y_prob: Any, *, classes: Any) -> Any:
        assert y_true is TRUE
        assert y_prob is PROB
        assert classes is CLASSES
        return {"": (hits, counted), 2: (counted, hits)}

    found = Metric(name="mine", compute=lambda: None, trials=trials).counted(TRUE, PROB, CLASSES)
    np.testing.assert_equal(found, {"": (hits, counted), "2": (counted, hits)})
    assert Metric(name="mine", compute=lambda: None).counted(TRUE, PROB, CLASSES) == {}


@pytest.mark.parametrize(
    "pair",
    [
        (TRUE == 0,),
        (TRUE == 0, TRUE == 0, TRUE == 0),
        (TRUE, TRUE == 0),
        (TRUE == 0, TRUE),
        ((TRUE == 0)[:4], TRUE == 0),
        ((TRUE == 0)[:4], (TRUE == 0)[:4]),
        (True, False),
    ],
    ids=["one", "three", "numbers", "numbers second", "shorter", "both shorter", "no arrays"],
)
def test_what_counts_no_samples_is_refused(pair: Any) -> None:
    metric = Metric(name="mine", compute=lambda: None, trials=lambda *_, **__: {"a": pair})
    with pytest.raises(DataError, match=r"'mine' must .* shape \(5,\) .*Received for 'a': \["):
        metric.counted(TRUE, PROB, CLASSES)
