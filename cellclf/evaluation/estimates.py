"""Every figure of a model with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cellclf.evaluation.bootstrap import RESAMPLES, Draws, interval, redrawn
from cellclf.evaluation.confusion import MACRO
from cellclf.evaluation.metric import SINGLE, Metric, Trials
from cellclf.evaluation.predictions import classes_of, labelled, probabilities, true_classes
from cellclf.evaluation.proportions import Interval, share
from cellclf.evaluation.units import independent_units

__all__ = ["Judged", "estimates", "headlines", "limits"]


COLUMNS = ("metric", "of", "value", "low", "high", "method", "samples", "units")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The labelled rows of a table of predictions, as arrays.

    Attributes:
        y_true: Class numbers, shape `(n,)`.
        y_prob: Probabilities, shape `(n, k)`.
        classes: The `k` class names.
        units: Number of each row's unit, from 0, shape `(n,)`.
    """

    y_true: NDArray[np.intp]
    y_prob: NDArray[np.float32]
    classes: tuple[str, ...]
    units: NDArray[np.intp]

    @classmethod
    def of(cls, table: pd.DataFrame, units: ArrayLike | None = None) -> Judged:
        """Take what is labelled of a table of predictions.

        Args:
            table: What `predictions_table` makes.
            units: Unit that each row belongs to, numbers or names, shape `(rows,)`; by the column
                `group` where it is not given.
        """
        rows = labelled(table)
        if units is None:
            unit = independent_units(rows["group"])
        else:
            of_rows = np.asarray(units)[(table["label"] != "").to_numpy()]
            unit = np.unique(of_rows, return_inverse=True)[1].astype(np.intp)
        return cls(
            y_true=true_classes(rows),
            y_prob=probabilities(rows),
            classes=classes_of(rows),
            units=unit,
        )

    def figures(self, metric: Metric) -> dict[str, float]:
        """Return what a metric finds."""
        return metric.figures(self.y_true, self.y_prob, self.classes)

    def trials(self, metric: Metric) -> Trials:
        """Return what a metric counts; nothing where its figures are no shares."""
        if metric.trials is None:
            return {}
        return metric.trials(self.y_true, self.y_prob, classes=self.classes)

    def redrawn(self, metrics: Sequence[Metric], *, resamples: int, seed: int) -> Draws:
        """Compute metrics on resamples of units."""
        return redrawn(
            metrics,
            self.y_true,
            self.y_prob,
            self.classes,
            self.units,
            resamples=resamples,
            seed=seed,
        )

    def support(self) -> dict[str, tuple[int, int]]:
        """Return samples and units of each class that occurs."""
        found = {}
        for number, name in enumerate(self.classes):
            members = self.y_true == number
            if members.any():
                found[name] = int(members.sum()), len(np.unique(self.units[members]))
        return found


def estimates(
    table: pd.DataFrame,
    metrics: Sequence[Metric],
    *,
    units: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Compute every metric on the labelled rows of a table of predictions, with 95 % intervals.

    Figures that are shares of samples (the metric has `trials`) have intervals as
    `cellclf.evaluation.proportions.share` gives them, all others as
    `cellclf.evaluation.bootstrap.interval`. The units that a figure of a class rests on are those
    that hold the class; a figure over all classes is taken to rest on as few as the smallest class
    has, because a mean over classes is no more certain than that.

    Args:
        table: What `predictions_table` makes.
        metrics: What to compute.
        units: Unit that each row of `table` belongs to, numbers or names, shape `(rows,)`; by the
            column `group` where it is not given.
        resamples: How often units are drawn anew.
        seed: Decides every draw.

    Returns:
        One row a figure: `metric`, `of` (a class, `"macro"` or empty), `value`, `low`, `high`,
        `method`, `samples` (how many it is computed from), `units` (of how many units).

    Raises:
        DataError: A metric gave something else than figures.
    """
    judged = Judged.of(table, units)
    rows = []
    figures = {metric.name: judged.figures(metric) for metric in metrics}
    trials = {metric.name: judged.trials(metric) for metric in metrics}
    wanting = [metric for metric in metrics if {*figures[metric.name]} - {*trials[metric.name]}]
    draws: Draws = {}
    if wanting and len(judged.y_true):
        draws = judged.redrawn(wanting, resamples=resamples, seed=seed)
    support = judged.support()
    for metric in metrics:
        for of, value in figures[metric.name].items():
            if of in trials[metric.name]:
                hits, counted = trials[metric.name][of]
                samples = int(counted.sum())
                groups = len(np.unique(judged.units[counted]))
                found = share(hits[counted], judged.units[counted])
            else:
                samples, groups = _resting_on(of, support)
                found = _redrawn_interval(metric, of, value, draws, groups)
            rows.append(
                {
                    "metric": metric.name,
                    "of": of,
                    "value": value,
                    "low": found.low,
                    "high": found.high,
                    "method": found.method,
                    "samples": samples,
                    "units": groups,
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def headlines(found: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Return the intervals of the figures over all classes, named as in a comparison of models.

    Args:
        found: What `estimates` found.

    Example:
        >>> found = pd.DataFrame(
        ...     {
        ...         "metric": ["accuracy", "f1", "f1"],
        ...         "of": ["", "round", "macro"],
        ...         "low": [0.8, 0.6, 0.7],
        ...         "high": [0.9, 0.9, 0.85],
        ...     }
        ... )
        >>> headlines(found)
        {'accuracy': (0.8, 0.9), 'f1_macro': (0.7, 0.85)}
    """
    return {
        f"{metric}_{MACRO}" if of == MACRO else metric: interval
        for (metric, of), interval in limits(found).items()
        if of in (SINGLE, MACRO)
    }


def limits(found: pd.DataFrame) -> dict[tuple[str, str], tuple[float, float]]:
    """Return lower and upper limit of every figure that `estimates` found, by metric and `of`."""
    columns = (found[name].tolist() for name in ("metric", "of", "low", "high"))
    return {(metric, of): (low, high) for metric, of, low, high in zip(*columns, strict=True)}


def _resting_on(of: str, support: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """Samples and units that a figure rests on."""
    if of in support:
        return support[of]
    samples = sum(number for number, _ in support.values())
    return samples, min((groups for _, groups in support.values()), default=0)


def _redrawn_interval(metric: Metric, of: str, value: float, draws: Draws, groups: int) -> Interval:
    if (metric.name, of) not in draws:
        return Interval.missing("no sample")
    return interval(value, draws[metric.name, of], units=groups, limits=metric.limits)
