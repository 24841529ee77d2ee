"""Every figure of a model with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cellclf.evaluation.bootstrap import Draws, interval, of_mean, redrawn
from cellclf.evaluation.confusion import MACRO
from cellclf.evaluation.metric import SINGLE, Metric, Trials
from cellclf.evaluation.predictions import classes_of, labelled, probabilities, true_classes
from cellclf.evaluation.proportions import Interval, share
from cellclf.evaluation.units import independent_units
from cellclf.terms import RESAMPLES

__all__ = ["COLUMNS", "Judged", "estimates", "headlines", "limits"]


COLUMNS = ("metric", "of", "value", "low", "high", "method", "samples", "units")


@dataclass(frozen=True, kw_only=True)
class Support:
    """What there is of a class.

    Attributes:
        samples: Rows of the class.
        units: Units that hold it.
        others: Units that hold something else.
    """

    samples: int
    units: int
    others: int

    @property
    def telling(self) -> int:
        """Units that a figure of the class against the others rests on."""
        return min(self.units, self.others)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The labelled rows of a table of predictions, as arrays.

    Attributes:
        y_true: Class numbers, shape `(n,)`.
        y_prob: Probabilities, shape `(n, k)`.
        classes: The `k` class names.
        units: Number of each row's unit, from 0, shape `(n,)`.
        copies: Number of what each row is a copy of, shape `(n,)`: rows of a unit with the same
            label and probabilities are the same image.
    """

    y_true: NDArray[np.intp]
    y_prob: NDArray[np.float32]
    classes: tuple[str, ...]
    units: NDArray[np.intp]
    copies: NDArray[np.intp]

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
        true, prob = true_classes(rows), probabilities(rows)
        told = np.column_stack([unit, true, prob.astype(np.float64)])
        return cls(
            y_true=true,
            y_prob=prob,
            classes=classes_of(rows),
            units=unit,
            copies=np.unique(told, axis=0, return_inverse=True)[1].ravel().astype(np.intp),
        )

    def figures(self, metric: Metric) -> dict[str, float]:
        """Return what a metric finds."""
        return metric.figures(self.y_true, self.y_prob, self.classes)

    def trials(self, metric: Metric) -> Trials:
        """Return what a metric counts; nothing where its figures are no shares."""
        return metric.counted(self.y_true, self.y_prob, self.classes)

    def share(self, hits: NDArray[np.bool_], counted: NDArray[np.bool_]) -> Interval:
        """Return the interval of the share of hits among the rows that are counted."""
        return share(hits[counted], self.units[counted], copies=self.copies[counted])

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

    def support(self) -> dict[str, Support]:
        """Return what there is of each class that occurs."""
        found = {}
        for number, name in enumerate(self.classes):
            members = self.y_true == number
            if members.any():
                inside, outside = (len(np.unique(self.units[rows])) for rows in (members, ~members))
                found[name] = Support(samples=int(members.sum()), units=inside, others=outside)
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

    - A share of samples (the metric has `trials`) has the interval of
      `cellclf.evaluation.proportions.share`.
    - A mean over classes has that of `cellclf.evaluation.bootstrap.of_mean`, but none that is
      narrower than the one from resamples, which knows how classes go together.
    - All others have that of `cellclf.evaluation.bootstrap.interval`. The units that a figure of a
      class rests on are those that hold the class, or those that hold others, if these are fewer; a
      single figure is taken to rest on as few as that is for any class.

    Args:
        table: What `predictions_table` makes.
        metrics: What to compute.
        units: Unit that each row belongs to, numbers or names, shape `(rows,)`; by the column
            `group` where it is not given.
        resamples: How often units are drawn anew.
        seed: Decides every draw.

    Returns:
        One row a figure: `metric`, `of` (a class, `"macro"` or empty), `value`, `low`, `high`,
        `method`, `samples` (how many it is computed from), `units` (of how many units).

    Raises:
        DataError: A metric gave something else than figures.
    """
    judged = Judged.of(table, units)
    draws: Draws = {}
    if len(judged.y_true):
        draws = judged.redrawn(
            [metric for metric in metrics if not _all_shares(judged, metric)],
            resamples=resamples,
            seed=seed,
        )
    return pd.DataFrame(
        [row for metric in metrics for row in _rows(judged, metric, draws)],
        columns=list(COLUMNS),
    )


def _all_shares(judged: Judged, metric: Metric) -> bool:
    return {*judged.figures(metric)} <= {*judged.trials(metric)}


def _rows(judged: Judged, metric: Metric, draws: Draws) -> list[dict[str, object]]:
    """The rows of one metric; means over classes last, which rest on the others."""
    figures, trials, support = judged.figures(metric), judged.trials(metric), judged.support()
    found: dict[str, Interval] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for of, (hits, counted) in trials.items():
        missing = Interval.missing("no figure")
        found[of] = missing if np.isnan(figures.get(of, 0)) else judged.share(hits, counted)
        sizes[of] = int(counted.sum()), len(np.unique(judged.units[counted]))
    of_all = sum(one.samples for one in support.values())
    fewest = min((one.telling for one in support.values()), default=0)
    for of, value in figures.items():
        if of in trials:
            continue
        resting = support.get(of)
        if resting is not None:
            sizes[of] = resting.samples, resting.telling
        else:
            sizes[of] = (0, 0) if of in judged.classes else (of_all, fewest)
        redrawn_figure = draws.get((metric.name, of), np.zeros(0))
        found[of] = interval(value, redrawn_figure, units=sizes[of][1], limits=metric.limits)
    for of, value in figures.items():
        if of not in trials and (of == MACRO or trials):
            of_classes = [
                (_share(*trials[name]) if name in trials else figures[name], found[name])
                for name in support
            ]
            found[of] = _wider(of_mean(value, of_classes), found[of])
    return [
        {
            "metric": metric.name,
            "of": of,
            "value": value,
            "low": found[of].low,
            "high": found[of].high,
            "method": found[of].method,
            "samples": sizes[of][0],
            "units": sizes[of][1],
        }
        for of, value in figures.items()
    ]


def _share(hits: NDArray[np.bool_], counted: NDArray[np.bool_]) -> float:
    return float(hits[counted].mean()) if counted.any() else float("nan")


def _wider(of_classes: Interval, from_resamples: Interval) -> Interval:
    """The interval that reaches as far as both; from the classes alone where there is no other."""
    if np.isnan(of_classes.low) or np.isnan(from_resamples.low):
        return of_classes
    wide = from_resamples.high - from_resamples.low > of_classes.high - of_classes.low
    return Interval(
        low=min(of_classes.low, from_resamples.low),
        high=max(of_classes.high, from_resamples.high),
        method=(from_resamples if wide else of_classes).method,
    )


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
