"""Two models on the same samples: how far apart they are, and whether they can be told apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from cellclf.evaluation.proportions import FEWEST_UNITS, LEVEL, Interval
from cellclf.terms import counted

__all__ = ["Paired", "holm", "images_needed", "paired"]

Floats = NDArray[np.float64]

POWER = 0.8
"""Chance of telling apart that a number of images is to give."""


@dataclass(frozen=True, kw_only=True)
class Paired:
    """The accuracy of two models on the same samples, compared.

    Attributes:
        difference: Accuracy of the first less that of the second.
        interval: Of the difference.
        p_value: How likely a difference as large, or larger, is where there is none.
        test: How that was found.
        first_only: Samples that only the first has right.
        second_only: Samples that only the second has right.
        samples: All samples.
        error: Standard error of the difference.
    """

    difference: float
    interval: Interval
    p_value: float
    test: str
    first_only: int
    second_only: int
    samples: int
    error: float


def paired(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    units: NDArray[np.intp],
    *,
    level: float = LEVEL,
) -> Paired:
    """Compare which samples two models have right.

    Where every sample is a unit of its own: McNemar's exact test (1947) and the interval of Bonett
    and Price (2012). Otherwise the differences of the units keep their sizes, and all assignments
    of signs to them are as likely (Fisher, 1935); the interval is that of a ratio between units,
    with Student's t, to which two units were added that differ as much as those that do on average
    (wholly where none does), one each way: the same caution as Bonett and Price's.

    Args:
        first: Which samples the first model has right, shape `(n,)`, one or more.
        second: The same of the second.
        units: Unit that each sample belongs to, shape `(n,)`.
        level: Confidence level of the interval.

    Example:
        >>> first, second = np.arange(100) < 95, np.arange(100) < 88
        >>> found = paired(first, second, np.arange(100))
        >>> found.difference, round(found.p_value, 4), found.test
        (0.07, 0.0156, 'exact McNemar')
    """
    gains = first.astype(np.intp) - second
    number = len(gains)
    first_only, second_only = int((gains > 0).sum()), int((gains < 0).sum())
    _, unit = np.unique(units, return_inverse=True)
    by_unit = np.zeros(int(unit.max()) + 1, np.intp)
    np.add.at(by_unit, unit, gains)
    alone = len(by_unit) == number
    if alone:
        interval, error = _bonett_price(first_only, second_only, number, level)
    else:
        interval, error = _between_units(by_unit, np.bincount(unit), level)
    return Paired(
        difference=(first_only - second_only) / number,
        interval=interval,
        p_value=_sign_flips(by_unit),
        test="exact McNemar" if alone else "sign flips over units",
        first_only=first_only,
        second_only=second_only,
        samples=number,
        error=error,
    )


def holm(p_values: Sequence[float]) -> Floats:
    """Adjust p-values for their number: the chance of one wrong claim among all (Holm, 1979).

    Args:
        p_values: One a test.

    Returns:
        In the same order, 0 to 1.

    Example:
        >>> holm([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.06, 0.06]
    """
    given = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(given)
    factors = len(given) - np.arange(len(given))
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(given[order] * factors))
    return adjusted


def images_needed(found: Paired, *, risk: float = 1 - LEVEL, power: float = POWER) -> int | None:
    r"""Return how many images would tell two models apart, if they differ as they seem to.

    $n (z_{1-\alpha/2} + z_{power})^2 e^2 / d^2$ for the difference $d$ and its standard error $e$
    with the $n$ images there are: the error falls with the root of their number. Where images
    belong together, it holds for images that do so alike.

    Args:
        found: How they compare.
        risk: Of telling apart what is equal, in this test.
        power: Chance of telling apart what differs by as much.

    Returns:
        Number of images in all, more than there are; `None` where no difference was seen.

    Example:
        >>> first, second = np.arange(100) < 92, np.arange(100) < 88
        >>> images_needed(paired(first, second, np.arange(100)))
        276
    """
    if found.first_only == found.second_only:
        return None
    of_risk, of_power = scipy.stats.norm.ppf(1 - risk / 2), scipy.stats.norm.ppf(power)
    ratio = float((of_risk + of_power) * found.error / found.difference)
    return max(math.ceil(found.samples * ratio**2), found.samples + 1)


def _bonett_price(
    first_only: int, second_only: int, number: int, level: float
) -> tuple[Interval, float]:
    one, other = (first_only + 1) / (number + 2), (second_only + 1) / (number + 2)
    error = math.sqrt((one + other - (one - other) ** 2) / (number + 2))
    reach = float(scipy.stats.norm.ppf((1 + level) / 2)) * error
    return _around(one - other, reach, "Bonett-Price"), error


def _between_units(
    by_unit: NDArray[np.intp], sizes: NDArray[np.intp], level: float
) -> tuple[Interval, float]:
    groups = len(by_unit)
    mean, differing = float(sizes.mean()), np.abs(by_unit[by_unit != 0])
    typical = float(differing.mean()) if len(differing) else mean
    gains, weights = np.append(by_unit, [typical, -typical]), np.append(sizes, [mean, mean])
    difference = gains.sum() / weights.sum()
    residuals = (gains - difference * weights) / weights.sum()
    error = math.sqrt((groups + 2) / (groups + 1) * float(residuals @ residuals))
    if groups < FEWEST_UNITS:
        return Interval.missing(counted(groups, "unit")), error
    reach = float(scipy.stats.t.ppf((1 + level) / 2, groups - 1)) * error
    return _around(difference, reach, "Student's t over units"), error


def _around(middle: float, reach: float, method: str) -> Interval:
    low, high = max(-1.0, middle - reach), min(1.0, middle + reach)
    return Interval(low=float(low), high=float(high), method=method)


def _sign_flips(by_unit: NDArray[np.intp]) -> float:
    """Share of all assignments of signs whose sum is as far from 0 as the one that was found.

    The sum is one of whole numbers, so its law is known exactly: that of units of each size is
    binomial, and those of the sizes are put together. Of units of size 1 it is McNemar's test.
    """
    sizes, numbers = np.unique(np.abs(by_unit[by_unit != 0]), return_counts=True)
    law = np.ones(1)
    for size, number in zip(sizes.tolist(), numbers.tolist(), strict=True):
        step = np.zeros(2 * size * number + 1)
        step[:: 2 * size] = scipy.stats.binom.pmf(np.arange(number + 1), number, 0.5)
        law = np.convolve(law, step)
    reach = (len(law) - 1) // 2
    far = np.abs(np.arange(-reach, reach + 1)) >= abs(int(by_unit.sum()))
    return min(1.0, float(law[far].sum()))
