"""Metrics with one fault each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import ConfigDict

from cellclf.specs import MetricSpec, Params
from tests.testing.wrong.case import Wrong

__all__ = ["RIGHT", "WRONG"]


class LooseParams(Params):
    """Parameters that swallow what they do not know."""

    model_config = ConfigDict(extra="allow")


class SilentParams(Params):
    """Parameters that nobody explains."""

    floor: float = 0.0


class Outer:
    """A class with parameters in it."""

    class Inner(Params):
        """Parameters that another process does not find by their name."""


def _right(y_true: Any, y_prob: Any) -> Any:
    return y_prob.argmax(axis=1) == y_true


def _share(hits: Any, weight: Any) -> Any:
    weights = np.ones(len(hits)) if weight is None else np.asarray(weight, float)
    total = weights.sum(axis=-1)
    share = np.where(total > 0, (weights * hits).sum(axis=-1) / np.maximum(total, 1), np.nan)
    return share if share.ndim else float(share)


def share(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> Any:
    """What is right: the share of right answers."""
    return _share(_right(y_true, y_prob), sample_weight)


def trials(y_true: Any, y_prob: Any, *, classes: Any) -> Any:
    hits = _right(y_true, y_prob)
    return {"": (hits, np.ones_like(hits))}


def trials_of_misses(y_true: Any, y_prob: Any, *, classes: Any) -> Any:
    hits = ~_right(y_true, y_prob)
    return {"": (hits, np.ones_like(hits))}


def weightless(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> Any:
    return float(_right(y_true, y_prob).mean())


def together(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> Any:
    """Right for one row of weights; of several, the sum is that of all."""
    found = share(y_true, y_prob, classes=classes, sample_weight=sample_weight)
    return found if np.ndim(sample_weight) != 2 else np.full(len(found), np.mean(found))


def of_first_class(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> Any:
    weights = np.ones(len(y_true)) if sample_weight is None else sample_weight
    return _share(_right(y_true, y_prob), weights * (y_true == 0))


def by_sorted_names(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> Any:
    """Each figure under the name of another class: what sorting names does to labels."""
    weights = np.ones(len(y_true)) if sample_weight is None else sample_weight
    return {
        name: _share(_right(y_true, y_prob), weights * (y_true == number))
        for number, name in enumerate(sorted(classes))
    }


def of_first_sample(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> Any:
    weights = np.ones(len(y_true)) if sample_weight is None else sample_weight
    mine = y_true[np.flatnonzero(weights)[0]]
    return _share(_right(y_true, y_prob), weights * (y_true == mine))


def careless(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> Any:
    """The mean of what each class gives, with no thought of those that have no samples."""
    weights = np.ones(len(y_true)) if sample_weight is None else sample_weight
    shares = []
    for number in range(len(classes)):
        mine = weights * (y_true == number)
        shares.append(float((mine * _right(y_true, y_prob)).sum()) / float(mine.sum()))
    return float(np.mean(shares))


def changing(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> Any:
    y_prob /= 2 * y_prob.sum(axis=1, keepdims=True)
    return share(y_true, y_prob, classes=classes, sample_weight=sample_weight)


def misnamed(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> Any:
    return {"overall": share(y_true, y_prob, classes=classes, sample_weight=sample_weight)}


def percent(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> Any:
    return 100 * share(y_true, y_prob, classes=classes, sample_weight=sample_weight)


def with_params(
    y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None, params: Any
) -> Any:
    return share(y_true, y_prob, classes=classes, sample_weight=sample_weight)


def errors(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> Any:
    return 1 - share(y_true, y_prob, classes=classes, sample_weight=sample_weight)


def squares(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> Any:
    """One less the mean squared distance of the true class's probability from one."""
    true = y_prob[np.arange(len(y_true)), y_true].astype(float)
    return _share(1 - (1 - true) ** 2, sample_weight)


RIGHT = MetricSpec(
    name="right_share",
    summary="Share of right answers",
    compute=f"{__name__}:share",
    trials=f"{__name__}:trials",
    batched=True,
    by_top_class=True,
    limits=(0.0, 1.0),
)

PLAIN = replace(RIGHT, trials=None, batched=False)


def _computed(fault: str, check: str, function: str, **changes: Any) -> Wrong:
    spec = replace(PLAIN, compute=f"{__name__}:{function}", **changes)
    return Wrong(fault=fault, check=check, spec=spec)


WRONG = (
    _computed("weights are ignored", "weights_repeat_samples", "weightless"),
    _computed("rows are mixed", "batched_weights_agree", "together", batched=True),
    _computed("the first class only", "order_of_classes_does_not_matter", "of_first_class"),
    _computed("labels in another order", "order_of_classes_does_not_matter", "by_sorted_names"),
    _computed("the first sample decides", "order_of_samples_does_not_matter", "of_first_sample"),
    _computed("a missing class", "missing_classes_are_survived", "careless"),
    _computed("probabilities are changed", "predictions_are_not_changed", "changing"),
    _computed("a figure of no class", "figures_come_out", "misnamed"),
    _computed("limits of another unit", "limits_hold", "percent"),
    _computed("worse is higher", "better_predictions_score_better", "errors"),
    _computed("not the top class alone", "top_class_is_enough", "squares"),
    _computed(
        "any parameter will do",
        "unknown_parameters_are_refused",
        "with_params",
        params=LooseParams,
    ),
    _computed(
        "parameters unexplained", "parameters_are_described", "with_params", params=SilentParams
    ),
    _computed(
        "parameters out of reach", "parameters_are_importable", "with_params", params=Outer.Inner
    ),
    _computed("a summary of two lines", "summary_is_one_line", "share", summary="One\nshare"),
    _computed("a function misspelt", "references_resolve", "shaer"),
    Wrong(
        fault="trials of the misses",
        check="trials_give_the_figures",
        spec=replace(RIGHT, trials=f"{__name__}:trials_of_misses"),
    ),
)
