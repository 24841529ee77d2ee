"""Intervals of figures that are no plain shares: what they do when units are drawn anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from joblib import Parallel, delayed
from numpy.typing import NDArray

from cellclf.evaluation.metric import Limits, Metric
from cellclf.evaluation.proportions import (
    FEWEST_UNITS,
    LEVEL,
    NOT_ESTIMABLE,
    Interval,
    clopper_pearson,
)
from cellclf.terms import RESAMPLES, counted

__all__ = [
    "Draws",
    "interval",
    "of_mean",
    "redrawn",
    "standard_error",
    "unit_counts",
]

Floats = NDArray[np.float64]

WEIGHTS_TOGETHER = 1_000_000
"""Weights of samples in memory at a time, in each thread: several copies of 8 MB."""

Draws = Mapping[tuple[str, str], Floats]
"""Values of each figure, shape `(resamples,)`, by name of the metric and of what it is of."""


def unit_counts(
    units: int, *, resamples: int = RESAMPLES, seed: int = 0, together: int = 50
) -> Iterator[NDArray[np.intp]]:
    """Yield how often each unit was drawn, in blocks of resamples; the same for the same seed.

    Args:
        units: Number of units, `g`; so many are drawn each time, with replacement (Efron, 1979).
        resamples: How often.
        seed: Decides every draw, whatever the size of a block.
        together: Resamples in a block.

    Yields:
        Shape `(block, g)`, rows that sum to `g`.
    """
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, together):
        block = min(together, resamples - start)
        drawn = rng.integers(0, units, size=(block, units))
        drawn += np.arange(block)[:, np.newaxis] * units
        yield np.bincount(drawn.ravel(), minlength=block * units).reshape(block, units)


def redrawn(
    metrics: Sequence[Metric],
    y_true: NDArray[np.intp],
    y_prob: NDArray[np.float32],
    classes: Sequence[str],
    units: NDArray[np.intp],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Draws:
    """Compute every figure of some metrics on resamples of units.

    Models that are judged on the same samples with the same seed are judged on the same resamples,
    so that their figures can be subtracted.

    Args:
        metrics: What to compute.
        y_true: Class numbers, shape `(n,)`.
        y_prob: Probabilities, shape `(n, k)`.
        classes: The `k` class names.
        units: Number of each sample's unit, from 0, shape `(n,)`.
        resamples: How many.
        seed: Decides every draw.

    Raises:
        DataError: A metric gave something that it must not.
    """
    put_together = _PutTogether.of(y_true, y_prob, units)

    def figured(counts: NDArray[np.intp]) -> dict[tuple[str, str], Floats]:
        weights: Floats | None = None
        found: dict[tuple[str, str], Floats] = {}
        for metric in metrics:
            if metric.by_top_class:
                figures = put_together.resampled(metric, classes, counts)
            else:
                if weights is None:
                    weights = counts[:, units].astype(np.float64)
                figures = metric.resampled(y_true, y_prob, classes, weights)
            found |= {(metric.name, of): figure for of, figure in figures.items()}
        return found

    # Threads: NumPy leaves the interpreter's lock while it computes, and nothing is copied.
    blocks = Parallel(n_jobs=-1, prefer="threads")(
        delayed(figured)(counts)
        for counts in unit_counts(
            int(units.max()) + 1,
            resamples=resamples,
            seed=seed,
            together=max(1, WEIGHTS_TOGETHER // len(units)),
        )
    )
    drawn: defaultdict[tuple[str, str], list[Floats]] = defaultdict(list)
    for block in blocks:
        for key, figure in block.items():
            drawn[key].append(figure)
    return {key: np.concatenate(figures) for key, figures in drawn.items()}


@dataclass(frozen=True, kw_only=True)
class _PutTogether:
    """Samples of one label and one top class as a single one, for metrics to which they are equal.

    Attributes:
        y_true: Class number of each kind of sample, shape `(m,)`.
        y_prob: All probability on its top class, shape `(m, k)`.
        in_unit: How many of each kind are in each unit, shape `(g, m)`.
    """

    y_true: NDArray[np.intp]
    y_prob: NDArray[np.float32]
    in_unit: Floats

    @classmethod
    def of(
        cls, y_true: NDArray[np.intp], y_prob: NDArray[np.float32], units: NDArray[np.intp]
    ) -> _PutTogether:
        number = y_prob.shape[1]
        kinds, kind = np.unique(y_true * number + y_prob.argmax(axis=1), return_inverse=True)
        in_unit = np.zeros((int(units.max()) + 1, len(kinds)))
        np.add.at(in_unit, (units, kind), 1)
        return cls(
            y_true=kinds // number,
            y_prob=np.eye(number, dtype=np.float32)[kinds % number],
            in_unit=in_unit,
        )

    def resampled(
        self, metric: Metric, classes: Sequence[str], counts: NDArray[np.intp]
    ) -> dict[str, Floats]:
        return metric.resampled(self.y_true, self.y_prob, classes, counts @ self.in_unit)


def standard_error(draws: Floats, units: int) -> float:
    """Return the standard error of a figure from its values on resamples of so many units.

    Their standard deviation is too small by the root of `(units - 1) / units`. 0 where they do not
    vary, and where none of them is a number.
    """
    known = draws[np.isfinite(draws)]
    if not len(known) or units < FEWEST_UNITS:
        return 0.0
    return float(known.std()) * float(np.sqrt(units / (units - 1)))


def interval(
    value: float, draws: Floats, *, units: int, limits: Limits = (None, None), level: float = LEVEL
) -> Interval:
    r"""Return the interval of a figure from its values on resamples of units.

    Their standard deviation, taken to a scale without limits ($\log \frac{x-a}{b-x}$ between two
    limits, $\log (x-a)$ above one), gives a symmetric interval there with the quantile of
    Student's $t$ for the number of units, which is taken back. So it never leaves the limits. A
    figure that is at a limit does not vary on resamples; where it has two limits, it gets the exact
    interval of a share without a miss, or without a hit, among that number of units.

    Args:
        value: The figure on the samples themselves.
        draws: The figure on each resample, shape `(resamples,)`; NaN where it cannot be given.
        units: Independent units that the figure rests on; of a class, those that hold the class.
        limits: Smallest and largest value that the figure can have.
        level: Confidence level.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found = interval(0.9, rng.normal(0.9, 0.03, 2000), units=100, limits=(0, 1))
        >>> round(found.low, 2), round(found.high, 2)
        (0.82, 0.95)
    """
    if not np.isfinite(value):
        return Interval.missing("no figure")
    if units < FEWEST_UNITS:
        return Interval.missing(counted(units, "unit"))
    low, high = limits
    at_limit = [one is not None and bool(np.isclose(value, one, rtol=0)) for one in limits]
    if any(at_limit) and low is not None and high is not None:
        bounds = clopper_pearson(units if at_limit[1] else 0, units, level=level)
        return Interval(
            low=low + bounds[0] * (high - low),
            high=low + bounds[1] * (high - low),
            method="Clopper-Pearson over units",
        )
    error = standard_error(draws, units)
    if any(at_limit) or not error:
        return Interval.missing("does not vary on resamples")
    reach = scipy.stats.t.ppf((1 + level) / 2, units - 1) * error
    ends = _moved(value, reach, low, high)
    return Interval(low=ends[0], high=ends[1], method="bootstrap over units")


def of_mean(value: float, parts: Sequence[tuple[float, Interval]]) -> Interval:
    """Return the interval of a mean over classes from the intervals of the classes.

    The method of variance estimates recovery (Zou and Donner, 2008): the distance to a limit is the
    root of the sum of the squared distances of the `k` parts, divided by `k`. So a small class
    without a single miss counts for what it can be, not for what it was.

    Args:
        value: The mean.
        parts: Figure and interval of each class that has a figure.

    Example:
        >>> exact = Interval(low=0.74, high=1.0, method="")
        >>> found = of_mean(0.95, [(1.0, exact), (0.9, Interval(low=0.88, high=0.92, method=""))])
        >>> round(found.low, 3), round(found.high, 3)
        (0.82, 0.96)
    """
    if not np.isfinite(value) or not parts:
        return Interval.missing("no figure")
    missing = [one.method for _, one in parts if np.isnan(one.low)]
    if missing:
        return Interval.missing(f"{missing[0].removeprefix(NOT_ESTIMABLE)} in a class")
    below = np.sqrt(sum((figure - one.low) ** 2 for figure, one in parts)) / len(parts)
    above = np.sqrt(sum((one.high - figure) ** 2 for figure, one in parts)) / len(parts)
    return Interval(
        low=float(value - below), high=float(value + above), method="MOVER over classes"
    )


def _moved(
    value: float, reach: float, low: float | None, high: float | None
) -> tuple[float, float]:
    """Go that far from the value both ways, on the scale that has no limits."""
    if low is None and high is None:
        return value - reach, value + reach
    if low is not None and high is not None:
        width = high - low
        portion = (value - low) / width
        step = reach / width / (portion * (1 - portion))
        centre = scipy.special.logit(portion)
        ends = scipy.special.expit([centre - step, centre + step])
        return low + width * float(ends[0]), low + width * float(ends[1])
    if low is not None:
        factor = float(np.exp(reach / (value - low)))
        return low + (value - low) / factor, low + (value - low) * factor
    below, above = _moved(-value, reach, None if high is None else -high, None)
    return -above, -below
