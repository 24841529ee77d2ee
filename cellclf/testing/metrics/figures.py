"""A metric on trial: its figures of some answers, and whether two lots of them differ."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.evaluation.metric import SINGLE, Metric
from cellclf.specs import MetricSpec, NoParams
from cellclf.testing.metrics.answers import Answers
from cellclf.testing.trial import Trial

__all__ = ["Figures", "differing", "figures", "metric", "weighted"]

Figures = Mapping[str, Any]

CLOSE = partial(np.allclose, rtol=1e-6, atol=1e-9, equal_nan=True)


def metric(trial: Trial) -> Metric:
    """The metric as evaluation calls it."""
    spec = trial.spec
    assert isinstance(spec, MetricSpec)
    bound = {} if spec.params is NoParams else {"params": trial.params}
    return Metric(
        name=spec.name,
        compute=partial(trial.function("compute"), **bound),
        trials=None if spec.trials is None else partial(trial.function("trials"), **bound),
        batched=spec.batched,
        by_top_class=spec.by_top_class,
    )


def figures(trial: Trial, given: Answers) -> dict[str, float]:
    """The figures of some answers; limits are another check's matter."""
    return trial.of(metric).figures(given.truth, given.said, given.classes)


def weighted(trial: Trial, given: Answers, weights: NDArray[np.float64]) -> Figures:
    """The figures with one weight a sample."""
    found = trial.of(metric).compute(
        given.truth, given.said, classes=given.classes, sample_weight=weights
    )
    return {str(of): float(one) for of, one in _by_name(found).items()}


def _by_name(found: Any) -> Figures:
    """What a metric gave, by name."""
    return found if isinstance(found, Mapping) else {SINGLE: found}


def differing(first: Figures, second: Figures) -> str:
    """Name the first figure that differs; empty where none does."""
    if set(first) != set(second):
        return f"figures of {sorted(first)} and of {sorted(second)}"
    for of, one in first.items():
        if not CLOSE(one, second[of]):
            return f"{one} and {second[of]}{f' for {of!r}' if of else ''}"
    return ""
