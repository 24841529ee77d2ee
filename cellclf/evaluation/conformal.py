"""Sets of classes that hold the true one as often as they promise, for every class."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

__all__ = ["COVERAGE", "ConformalSets", "coverage_band"]

COVERAGE = 0.95
"""Share of the samples of each class whose set is to hold it."""


@dataclass(frozen=True, kw_only=True)
class ConformalSets:
    """From which probability on a class belongs to the set of what a cell may be.

    Split conformal prediction, with a threshold of its own for each class (Vovk, 2012; Sadinle, Lei
    and Wasserman, 2019): whatever the network, of new samples of a class like those it was fitted
    to, at least the promised share have it in their set.

    Attributes:
        coverage: The promised share.
        thresholds: Least probability of each class for it to be in a set, shape `(k,)`; 0, so that
            it is in every set, where a class has too few samples to promise anything less.
        samples: How many of each class it was fitted to, shape `(k,)`.
    """

    coverage: float
    thresholds: NDArray[np.float64]
    samples: NDArray[np.intp]

    @classmethod
    def fitted(
        cls, y_true: ArrayLike, y_prob: ArrayLike, *, coverage: float = COVERAGE
    ) -> ConformalSets:
        """Fit the thresholds to samples that nothing else was fitted to.

        Args:
            y_true: Class numbers, shape `(n,)`.
            y_prob: Probabilities, shape `(n, k)`.
            coverage: Share to promise, 0 to 1.

        Example:
            >>> prob = np.linspace(0.01, 0.99, 99)
            >>> sets = ConformalSets.fitted(np.zeros(99, int), np.stack([prob, 1 - prob], axis=1))
            >>> sets.thresholds.round(2).tolist()  # 5 of 100 lie below; of class 1 nothing is known
            [0.05, 0.0]
        """
        true = np.asarray(y_true, dtype=np.intp)
        prob = np.asarray(y_prob, dtype=np.float64)
        thresholds = np.zeros(prob.shape[1])
        samples = np.bincount(true, minlength=prob.shape[1])
        for number in range(prob.shape[1]):
            below = _left_out(int(samples[number]), coverage)
            if below:
                of_class = np.sort(prob[true == number, number])
                thresholds[number] = of_class[below - 1]
        return cls(coverage=coverage, thresholds=thresholds, samples=samples)

    def sets(self, y_prob: ArrayLike) -> NDArray[np.bool_]:
        """Return which classes are in the set of each sample, shape `(n, k)`."""
        return np.asarray(y_prob, dtype=np.float64) >= self.thresholds

    def covered(self, y_true: ArrayLike, y_prob: ArrayLike) -> NDArray[np.bool_]:
        """Return of which samples the set holds the true class, shape `(n,)`."""
        true = np.asarray(y_true, dtype=np.intp)
        return self.sets(y_prob)[np.arange(len(true)), true]


def coverage_band(
    fitted_to: int, judged_on: int, *, coverage: float = COVERAGE, level: float = 0.95
) -> tuple[int, int]:
    """Return between which numbers of new samples are covered, if all is as it should be.

    Given how many samples a threshold was fitted to, the number that is covered of others is
    beta-binomial (Angelopoulos and Bates, 2023, section 3.2).

    Args:
        fitted_to: Samples of the class that the threshold was fitted to.
        judged_on: Other samples of the class.
        coverage: The promised share.
        level: Chance that the number lies in the band, at least.

    Example:
        >>> coverage_band(1000, 1000)
        (930, 968)
    """
    below = _left_out(fitted_to, coverage)
    if not below:
        return judged_on, judged_on
    covered = scipy.stats.betabinom(judged_on, fitted_to + 1 - below, below)
    tail = (1 - level) / 2
    return int(covered.ppf(tail)), int(covered.ppf(1 - tail))


def _left_out(samples: int, coverage: float) -> int:
    """Which of the smallest probabilities is the threshold; 0 where none can be.

    Of `n` samples and one new one, each place in their order is as likely: below the r-th smallest
    lie r of n + 1 places.
    """
    return math.floor((samples + 1) * (1 - coverage) + 1e-9)
