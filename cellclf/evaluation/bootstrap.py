"""Intervals of figures that are no plain shares: what they do when units are drawn anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import special, stats

from cellclf.evaluation.metric import Limits, Metric
from cellclf.evaluation.proportions import FEWEST_UNITS, LEVEL, Interval, clopper_pearson

__all__ = ["RESAMPLES", "Draws", "interval", "redrawn", "unit_counts"]

Floats = NDArray[np.float64]

RESAMPLES = 2000
TOGETHER = 50
"""Resamples whose weights are in memory at a time, in each thread."""

Draws = Mapping[tuple[str, str], Floats]
"""Values of each figure, shape `(resamples,)`, by name of the metric and of what it is of."""


def unit_counts(
    units: int, *, resamples: int = RESAMPLES, seed: int = 0
) -> Iterator[NDArray[np.intp]]:
    """Yield how often each unit was drawn, in blocks of resamples; the same for the same seed.

    Args:
        units: Number of units, `g`; so many are drawn each time, with replacement (Efron, 1979).
        resamples: How often.
        seed: Decides every draw.

    Yields:
        Shape `(block, g)`, rows that sum to `g`.
    """
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, TOGETHER):
        block = min(TOGETHER, resamples - start)
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

    def figured(counts: NDArray[np.intp]) -> dict[tuple[str, str], Floats]:
        weights = counts[:, units].astype(np.float64)
        return {
            (metric.name, of): figure
            for metric in metrics
            for of, figure in metric.resampled(y_true, y_prob, classes, weights).items()
        }

    # Threads: NumPy leaves the interpreter's lock while it computes, and nothing is copied.
    blocks = Parallel(n_jobs=-1, prefer="threads")(
        delayed(figured)(counts)
        for counts in unit_counts(int(units.max()) + 1, resamples=resamples, seed=seed)
    )
    drawn: defaultdict[tuple[str, str], list[Floats]] = defaultdict(list)
    for block in blocks:
        for key, figure in block.items():
            drawn[key].append(figure)
    return {key: np.concatenate(figures) for key, figures in drawn.items()}


def interval(
    value: float, draws: Floats, *, units: int, limits: Limits = (0.0, 1.0), level: float = LEVEL
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
        >>> found = interval(0.9, rng.normal(0.9, 0.03, 2000), units=100)
        >>> round(found.low, 2), round(found.high, 2)
        (0.82, 0.95)
    """
    if np.isnan(value):
        return Interval.missing("no figure")
    if units < FEWEST_UNITS:
        return Interval.missing(f"{units} groups")
    low, high = limits
    if value in limits:
        if low is None or high is None:
            return Interval.missing("at its limit")
        bounds = clopper_pearson(units if value == high else 0, units, level=level)
        return Interval(
            low=low + bounds[0] * (high - low),
            high=low + bounds[1] * (high - low),
            method="Clopper-Pearson over units",
        )
    error = float(np.nanstd(draws)) * np.sqrt(units / (units - 1))
    reach = stats.t.ppf((1 + level) / 2, units - 1) * error
    ends = _moved(value, reach, low, high)
    return Interval(low=ends[0], high=ends[1], method="bootstrap over units")


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
        centre = special.logit(portion)
        ends = special.expit([centre - step, centre + step])
        return low + width * float(ends[0]), low + width * float(ends[1])
    if low is not None:
        factor = float(np.exp(reach / (value - low)))
        return low + (value - low) / factor, low + (value - low) * factor
    below, above = _moved(-value, reach, None if high is None else -high, None)
    return -above, -below
