"""Knowing when not to answer: a confidence to ask for, and what is right among what is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cellclf.evaluation.proportions import LEVEL, Interval, share

__all__ = ["Review", "found_none", "review_threshold", "risk_coverage"]

SHARES = tuple(round(0.1 * step, 1) for step in range(1, 11))
"""Shares of the samples to accept that are tried, the surest first."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """From which confidence on an answer is accepted without a person.

    Attributes:
        target: Accuracy that what is accepted is to have.
        threshold: Least confidence to accept; above 1, and so nothing is, where no share of the
            samples could be shown to reach the target.
        accepted: Share of the samples that it was chosen on that it accepts.
        bound: Lower bound of the accuracy of those; NaN where there are none.
    """

    target: float
    threshold: float
    accepted: float
    bound: float

    @property
    def reached(self) -> bool:
        """Whether anything is accepted."""
        return self.accepted > 0


NOTHING = 2.0
"""A threshold that no confidence reaches."""


def found_none(thresholds: Mapping[str, float]) -> bool:
    """Tell whether, by the thresholds of a sidecar, no confidence does without a person."""
    return thresholds.get("review", 0.0) >= NOTHING


def review_threshold(
    confidence: ArrayLike,
    right: ArrayLike,
    units: NDArray[np.intp],
    *,
    target: float,
    level: float = LEVEL,
) -> Review:
    """Choose the least confidence from which on answers are as accurate as is asked for.

    Ten shares of the samples are tried, from the surest tenth to all. Of each, the accuracy must be
    shown to reach the target by a one-sided lower bound. So that the chance that any share passes
    wrongly is 5 % over all, the risk is divided between them, and a share that passes hands its own
    on to the next (the fallback procedure; Wiens, 2003).

    Args:
        confidence: Of the class that comes first, shape `(n,)`, of samples nothing was fitted to.
        right: Whether it is the label, shape `(n,)`.
        units: Unit that each sample belongs to, shape `(n,)`.
        target: Accuracy to be reached, 0 to 1.
        level: Confidence level over all shares.

    Example:
        >>> sure = np.linspace(0, 1, 2000)
        >>> right = np.random.default_rng(0).random(2000) < 0.6 + 0.4 * np.minimum(1, 2 * sure)
        >>> found = review_threshold(sure, right, np.arange(2000), target=0.98)
        >>> found.accepted, round(found.threshold, 2)
        (0.6, 0.4)
    """
    of = np.asarray(confidence, dtype=np.float64)
    hits = np.asarray(right, dtype=np.bool_)
    chosen = Review(target=target, threshold=NOTHING, accepted=0.0, bound=float("nan"))
    risk = 0.0
    for portion in SHARES:
        risk += (1 - level) / len(SHARES)
        threshold = float(np.quantile(of, 1 - portion, method="higher")) if len(of) else NOTHING
        kept = of >= threshold
        # A one-sided bound at a risk is the lower end of a two-sided interval at twice that.
        found: Interval = share(hits[kept], units[kept], level=1 - 2 * risk)
        if found.low >= target:
            chosen = Review(
                target=target,
                threshold=threshold,
                accepted=float(kept.mean()),
                bound=found.low,
            )
        else:
            risk = 0.0
    return chosen


def risk_coverage(confidence: ArrayLike, right: ArrayLike) -> pd.DataFrame:
    """Return the share of errors among what is accepted, for every share that could be accepted.

    Args:
        confidence: Of the class that comes first, shape `(n,)`.
        right: Whether it is the label, shape `(n,)`.

    Returns:
        One row for each different confidence, the surest first: `threshold`, `coverage` (share of
        the samples with at least that confidence) and `risk` (share of errors among them). See
        Geifman and El-Yaniv (2017).

    Example:
        >>> risk_coverage([0.9, 0.8, 0.8, 0.6], [True, True, False, False])["risk"].tolist()
        [0.0, 0.3333333333333333, 0.5]
    """
    of = np.asarray(confidence, dtype=np.float64)
    wrong = ~np.asarray(right, dtype=np.bool_)
    order = np.argsort(-of)
    last_of_equals = np.append(np.diff(of[order]) != 0, True)[: len(of)]
    ends = np.flatnonzero(last_of_equals)
    counted = np.arange(1, len(of) + 1)
    errors = np.cumsum(wrong[order])
    return pd.DataFrame(
        {
            "threshold": of[order][ends],
            "coverage": counted[ends] / max(len(of), 1),
            "risk": errors[ends] / counted[ends],
        }
    )
