"""Two models on the same samples: how far apart they are, and whether they can be told apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from cellclf.evaluation.proportions import FEWEST_UNITS, LEVEL, Interval

__all__ = ["Paired", "holm", "images_needed", "paired"]

Floats = NDArray[np.float64]

ALL_FLIPS = 16
"""Units that differ, up to which every assignment of signs is looked at; beyond, random ones."""

FLIPS = 20_000
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
    """

    difference: float
    interval: Interval
    p_value: float
    test: str
    first_only: int
    second_only: int
    samples: int


def paired(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    units: NDArray[np.intp],
    *,
    seed: int = 0,
    level: float = LEVEL,
) -> Paired:
    """Compare which samples two models have right.

    Where every sample is a unit of its own: McNemar's exact test (1947) and the interval of Bonett
    and Price (2012). Otherwise the signs of the units' differences are flipped (Fisher, 1935; all
    assignments where few units differ, else 20,000 random ones), and the interval is that of a
    ratio between units, with Student's t.

    Args:
        first: Which samples the first model has right, shape `(n,)`, one or more.
        second: The same of the second.
        units: Unit that each sample belongs to, shape `(n,)`.
        seed: Decides the random assignments.
        level: Confidence level of the interval.

    Example:
        >>> first, second = np.arange(100) < 95, np.arange(100) < 88
        >>> found = paired(first, second, np.arange(100))
        >>> found.difference, round(found.p_value, 4), found.test
        (0.07, 0.0156, 'exact McNemar')
    """
    gains = first.astype(np.float64) - second
    number = len(gains)
    first_only, second_only = int((gains > 0).sum()), int((gains < 0).sum())
    _, unit = np.unique(units, return_inverse=True)
    groups = int(unit.max()) + 1
    if groups == number:
        interval = _bonett_price(first_only, second_only, number, level)
        p_value, test = _mcnemar(first_only, second_only), "exact McNemar"
    else:
        by_unit = np.bincount(unit, weights=gains).astype(np.float64)
        interval = _between_units(by_unit, np.bincount(unit), level)
        p_value, test = _sign_flips(by_unit, seed), "sign flips over units"
    return Paired(
        difference=(first_only - second_only) / number,
        interval=interval,
        p_value=p_value,
        test=test,
        first_only=first_only,
        second_only=second_only,
        samples=number,
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
    order = np.argsort(given, kind="stable")
    factors = len(given) - np.arange(len(given))
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(given[order] * factors))
    return adjusted


def images_needed(found: Paired, *, level: float = LEVEL, power: float = POWER) -> int | None:
    r"""Return how many images would tell two models apart, if they differ as they seem to.

    For McNemar's test, with the difference $d$ and the share $\psi$ of samples that one model
    alone has right, $n = (z_{1-\alpha/2} \sqrt{\psi} + z_{power} \sqrt{\psi - d^2})^2 / d^2$
    (Connor, 1987). Where samples belong together it holds for as many independent ones.

    Args:
        found: How they compare.
        level: One less the risk of telling apart what is equal.
        power: Chance of telling apart what differs by as much.

    Returns:
        Number of images in all, or `None` where no difference was seen.

    Example:
        >>> first, second = np.arange(100) < 92, np.arange(100) < 88
        >>> images_needed(paired(first, second, np.arange(100)))
        194
    """
    if found.first_only == found.second_only:
        return None
    differing = (found.first_only + found.second_only) / found.samples
    gap = found.difference
    of_level, of_power = stats.norm.ppf((1 + level) / 2), stats.norm.ppf(power)
    root = of_level * math.sqrt(differing) + of_power * math.sqrt(max(differing - gap**2, 0.0))
    return math.ceil(float((root / gap) ** 2))


def _mcnemar(first_only: int, second_only: int) -> float:
    differing = first_only + second_only
    return float(stats.binomtest(first_only, differing).pvalue) if differing else 1.0


def _bonett_price(first_only: int, second_only: int, number: int, level: float) -> Interval:
    one, other = (first_only + 1) / (number + 2), (second_only + 1) / (number + 2)
    error = math.sqrt((one + other - (one - other) ** 2) / (number + 2))
    return _around(one - other, stats.norm.ppf((1 + level) / 2) * error, "Bonett-Price")


def _between_units(by_unit: Floats, sizes: NDArray[np.intp], level: float) -> Interval:
    groups, number = len(by_unit), sizes.sum()
    if groups < FEWEST_UNITS:
        return Interval.missing(f"{groups} groups")
    difference = by_unit.sum() / number
    residuals = (by_unit - difference * sizes) / number
    error = math.sqrt(groups / (groups - 1) * float(residuals @ residuals))
    reach = stats.t.ppf((1 + level) / 2, groups - 1) * error
    return _around(difference, reach, "Student's t over units")


def _around(middle: float, reach: float, method: str) -> Interval:
    low, high = max(-1.0, middle - reach), min(1.0, middle + reach)
    return Interval(low=float(low), high=float(high), method=method)


def _sign_flips(by_unit: Floats, seed: int) -> float:
    """Share of the assignments of signs whose sum is as far from 0 as the one that was found."""
    differing = by_unit[by_unit != 0]
    if not len(differing):
        return 1.0
    seen = abs(differing.sum())
    if len(differing) <= ALL_FLIPS:
        numbers = np.arange(2 ** len(differing))[:, np.newaxis]
        signs = 1 - 2 * (numbers >> np.arange(len(differing)) & 1)
        return float((np.abs(signs @ differing) >= seen).mean())
    rng = np.random.default_rng(seed)
    as_far = 0
    for _ in range(FLIPS // 1000):
        signs = rng.choice([-1.0, 1.0], size=(1000, len(differing)))
        as_far += int((np.abs(signs @ differing) >= seen).sum())
    # The one that was found is an assignment too (Phipson and Smyth, 2010).
    return (as_far + 1) / (FLIPS + 1)
