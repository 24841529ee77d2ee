"""Probabilities that mean what they say: scaling them, and measuring how far off they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

from cellclf.errors import DataError
from cellclf.evaluation.proportions import share

__all__ = [
    "BINS",
    "FEWEST_SAMPLES",
    "SMALLEST",
    "Calibration",
    "expected_calibration_error",
    "reliability",
]

Floats = NDArray[np.float64]

FEWEST_SAMPLES = 50
"""Samples below which a temperature and a bias for each class are not fitted."""

SMALLEST = 1e-12
"""Probabilities below are taken for this: a network that gives 0 knows nothing that well."""

BIAS_SPREAD = 3.0
"""Standard deviation of the prior of the biases: it decides where there are hardly any samples."""

SHARPNESS = (0.05, 20.0)
"""Least and most that a temperature may divide by, inverted: a network that is always right would
otherwise be made infinitely sure."""

BINS = 15
"""Bins of the calibration error, as in Guo et al. (2017)."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Bias-corrected temperature scaling: `softmax(log(p) / T + b)`.

    A temperature makes a network as sure as it is right (Guo et al., 2017). The biases put right
    what training on balanced classes has shifted, and thereby which class comes first (Alexandari,
    Kundaje and Shrikumar, 2020).

    Attributes:
        temperature: `T`, more than 0; above 1 where the network was too sure.
        biases: `b`, shape `(k,)`, in class order; they sum to 0.
        samples: How many it was fitted to.
    """

    temperature: float
    biases: Floats
    samples: int

    @classmethod
    def fitted(cls, y_true: ArrayLike, y_prob: ArrayLike) -> Calibration:
        """Fit it to samples that nothing else was fitted to, by penalised maximum likelihood.

        A class that none of them has keeps the bias 0, the mean of the others'.

        Args:
            y_true: Class numbers, shape `(n,)`.
            y_prob: Probabilities as the network gives them, shape `(n, k)`.

        Raises:
            DataError: A class number that is none, such as that of a sample without a label.

        Example:
            >>> rng = np.random.default_rng(0)
            >>> prob = rng.dirichlet(np.ones(3), 5000)
            >>> true = [rng.choice(3, p=row) for row in prob]
            >>> too_sure = prob**2 / (prob**2).sum(axis=1, keepdims=True)
            >>> round(Calibration.fitted(true, too_sure).temperature)
            2
        """
        true = np.asarray(y_true, dtype=np.intp)
        all_logs = _logs(y_prob)
        if len(true) and not 0 <= true.min() <= true.max() < all_logs.shape[1]:
            raise DataError(
                f"class numbers must be from 0 to {all_logs.shape[1] - 1}. "
                f"Received: {true.min()} to {true.max()}"
            )
        # Left in, a class without samples would be made impossible.
        present, true = np.unique(true, return_inverse=True)
        logs = all_logs[:, present]
        number, classes = logs.shape
        hits = np.eye(classes)[true]

        # Of sharpness 1 / T and the biases the likelihood is concave: there is one best point. It
        # does not change where all biases do by the same, so the prior lets them sum to 0.
        def loss(at: Floats) -> tuple[float, Floats]:
            sharpness, biases = at[0], at[1:]
            scaled = sharpness * logs + biases
            found = scipy.special.log_softmax(scaled, axis=1)
            away = (np.exp(found) - hits) / number
            pull = biases / (BIAS_SPREAD**2 * number)
            total = float(biases @ pull) / 2 - float(found[np.arange(number), true].mean())
            return total, np.concatenate([[(away * logs).sum()], away.sum(axis=0) + pull])

        best = scipy.optimize.minimize(
            loss,
            np.concatenate([[1.0], np.zeros(classes)]),
            jac=True,
            method="L-BFGS-B",
            bounds=[SHARPNESS, *[(None, None)] * classes],
        )
        biases = np.zeros(all_logs.shape[1])
        biases[present] = best.x[1:]
        return cls(temperature=float(1 / best.x[0]), biases=biases, samples=number)

    def apply(self, y_prob: ArrayLike) -> NDArray[np.float32]:
        """Return what probabilities, shape `(n, k)`, mean; rows sum to 1.

        Example:
            >>> sure = Calibration(temperature=2.0, biases=np.zeros(2), samples=100)
            >>> sure.apply([[0.9, 0.1]]).round(2).tolist()
            [[0.75, 0.25]]
        """
        scaled = _logs(y_prob) / self.temperature + self.biases
        return np.asarray(scipy.special.softmax(scaled, axis=1), dtype=np.float32)


def expected_calibration_error(y_true: ArrayLike, y_prob: ArrayLike, *, bins: int = BINS) -> float:
    """Return how far confidences are from the share that is right: 0 to 1, lower is better.

    Mean over bins of equal number of the distance between mean confidence and share that is right,
    for the class that comes first (Naeini et al., 2015; bins of equal number: Nixon et al., 2019).
    Even where confidences are perfect it is not 0 for a finite number of samples.

    Args:
        y_true: Class numbers, shape `(n,)`.
        y_prob: Probabilities, shape `(n, k)`.
        bins: Number of bins.

    Example:
        >>> expected_calibration_error([0, 0, 0, 1], [[0.75, 0.25]] * 4, bins=1)
        0.0
    """
    table = reliability(y_true, y_prob, bins=bins)
    gaps = (table["confidence"] - table["right"]).abs()
    return float((gaps * table["samples"]).sum() / table["samples"].sum())


def reliability(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    units: NDArray[np.intp] | None = None,
    bins: int = BINS,
) -> pd.DataFrame:
    """Return what a reliability diagram shows: for each bin of confidence, the share that is right.

    Args:
        y_true: Class numbers, shape `(n,)`, one sample or more.
        y_prob: Probabilities, shape `(n, k)`.
        units: Unit that each sample belongs to, shape `(n,)`; all are independent by default.
        bins: Bins of equal number of samples, the least confident first; fewer where there are
            fewer samples.

    Returns:
        One row a bin: `confidence` (mean), `right` (share), `low`, `high` (its interval, see
        `cellclf.evaluation.proportions.share`), `samples`.
    """
    true = np.asarray(y_true, dtype=np.intp)
    prob = np.asarray(y_prob, dtype=np.float64)
    confidence = prob.max(axis=1)
    right = prob.argmax(axis=1) == true
    unit = np.arange(len(true)) if units is None else units
    # Of equal confidences the right ones come first, so that the order of the rows decides nothing.
    order = np.lexsort((~right, confidence))
    rows = []
    for members in np.array_split(order, min(bins, len(order))):
        within = share(right[members], unit[members])
        rows.append(
            {
                "confidence": float(confidence[members].mean()),
                "right": float(right[members].mean()),
                "low": within.low,
                "high": within.high,
                "samples": len(members),
            }
        )
    return pd.DataFrame(rows)


def _logs(y_prob: ArrayLike) -> Floats:
    return np.log(np.maximum(np.asarray(y_prob, dtype=np.float64), SMALLEST))
