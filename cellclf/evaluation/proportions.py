"""Shares of samples and their intervals: exact, and by the effective number of samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from cellclf.terms import counted

__all__ = [
    "FEWEST_UNITS",
    "LEVEL",
    "NOT_ESTIMABLE",
    "Interval",
    "clopper_pearson",
    "effective_number",
    "share",
]

LEVEL = 0.95
"""Confidence level of every interval that does not say another."""

FEWEST_UNITS = 10
"""Units below which how much they differ cannot be told from them."""

CLOPPER_PEARSON = "Clopper-Pearson"
KORN_GRAUBARD = "Korn-Graubard"
NOT_ESTIMABLE = "not estimable: "
"""How the method of an interval begins that there is not."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A confidence interval, or why there is none.

    Attributes:
        low: Lower limit; NaN where it cannot be estimated.
        high: Upper limit; NaN likewise.
        method: How it was found, or why it was not.
    """

    low: float
    high: float
    method: str

    @classmethod
    def missing(cls, why: str) -> Interval:
        """No interval, for the reason given."""
        return cls(low=float("nan"), high=float("nan"), method=f"{NOT_ESTIMABLE}{why}")


def share(
    hits: NDArray[np.bool_],
    units: NDArray[np.intp],
    *,
    copies: NDArray[np.intp] | None = None,
    level: float = LEVEL,
) -> Interval:
    """Return the interval of a share of samples, of which some may belong together.

    Where every sample is a unit of its own it is exact (Clopper and Pearson, 1934). Otherwise it is
    Clopper and Pearson's at the effective number of samples (Korn and Graubard, 1998).

    Args:
        hits: Which samples count for the share, shape `(n,)`.
        units: Unit that each sample belongs to, shape `(n,)`: those of different units are
            independent.
        copies: Number of what each sample is a copy of, shape `(n,)`: equal ones tell no more than
            one. All different where it is not given.
        level: Confidence level.

    Example:
        >>> found = share(np.arange(100) < 97, np.arange(100))
        >>> round(found.low, 4), round(found.high, 4), found.method
        (0.9148, 0.9938, 'Clopper-Pearson')
    """
    number = len(hits)
    if not number:
        return Interval.missing("no sample")
    groups = len(np.unique(units))
    if groups == number:
        low, high = clopper_pearson(float(hits.sum()), number, level=level)
        return Interval(low=low, high=high, method=CLOPPER_PEARSON)
    if groups < FEWEST_UNITS:
        return Interval.missing(counted(groups, "unit"))
    different = number if copies is None else len(np.unique(copies))
    effective = effective_number(hits, units, most=different, level=level)
    low, high = clopper_pearson(hits.mean() * effective, effective, level=level)
    return Interval(low=low, high=high, method=KORN_GRAUBARD)


def clopper_pearson(hits: float, number: float, *, level: float = LEVEL) -> tuple[float, float]:
    """Return the exact interval of a binomial share (Clopper and Pearson, 1934).

    Args:
        hits: Samples that count, 0 to `number`; need not be whole.
        number: Samples, more than 0; need not be whole.
        level: Confidence level.

    Example:
        >>> [round(limit, 4) for limit in clopper_pearson(0, 30)]
        [0.0, 0.1157]
    """
    tail = (1 - level) / 2
    misses = number - hits
    low = scipy.stats.beta.ppf(tail, hits, misses + 1) if hits > 0 else 0.0
    high = scipy.stats.beta.ppf(1 - tail, hits + 1, misses) if misses > 0 else 1.0
    return float(low), float(high)


def effective_number(
    hits: NDArray[np.bool_],
    units: NDArray[np.intp],
    *,
    most: int | None = None,
    level: float = LEVEL,
) -> float:
    r"""Return how many independent samples tell as much of a share as these do.

    The share $p$ has the variance $v$ between units (the usual linearisation of a ratio), and
    $p(1-p)/v$ independent samples would give it the same, but never more than there are. That
    number is made smaller by $(t_{n-1} / t_{g-1})^2$, quantiles of Student's $t$ for $n$ samples
    and $g$ units, because $v$ is itself known from the units alone (Korn and Graubard, 1998).

    How samples of a unit agree is seen where there are misses and hits. Where fewer than ten units
    hold a miss, or fewer than ten a hit, the number is therefore moved towards that of the units:
    all the way where none does.

    Args:
        hits: Which samples count for the share, shape `(n,)`.
        units: Unit that each belongs to, shape `(n,)`, two or more different ones.
        most: Samples that are no copies of each other; `n` where it is not given.
        level: Confidence level of the interval that the number is for.

    Example:
        >>> hits = np.array([True, True, False, False] * 10)
        >>> round(effective_number(hits, np.arange(40) // 2), 1)  # units that agree in themselves
        17.7
    """
    _, unit = np.unique(units, return_inverse=True)
    groups, number = int(unit.max()) + 1, len(hits)
    portion = float(hits.mean())
    residuals = np.bincount(unit, weights=hits - portion) / number
    variance = groups / (groups - 1) * float(residuals @ residuals)
    ceiling = float(number if most is None else most)
    telling = variance > np.finfo(float).eps
    effective = min(ceiling, portion * (1 - portion) / variance) if telling else ceiling
    if effective > groups:
        inside = np.bincount(unit, weights=hits)
        seen = min(int((inside > 0).sum()), int((inside < np.bincount(unit)).sum()))
        known = min(1.0, seen / FEWEST_UNITS)
        effective = groups * (effective / groups) ** known
    quantile = (1 + level) / 2
    shrunk = scipy.stats.t.ppf(quantile, number - 1) / scipy.stats.t.ppf(quantile, groups - 1)
    return float(effective * shrunk**2)
