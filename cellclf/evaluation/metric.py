"""A metric as evaluation calls it: bound to its parameters, its figures in one form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.errors import DataError

__all__ = ["SINGLE", "Limits", "Metric", "Trials"]

SINGLE = ""
"""What a metric's only figure is of."""

Limits = tuple[float | None, float | None]
"""Smallest and largest value that a figure can have; `None` where there is no limit."""

Trials = Mapping[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]]
"""Of each figure that is a share: which samples are hits, and which are counted; shapes `(n,)`."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric, ready to be called. See `cellclf.MetricSpec` for what its functions take.

    Attributes:
        name: Its name.
        compute: `compute(y_true, y_prob, *, classes, sample_weight=None)`.
        batched: `compute` takes weights of shape `(resamples, n)` too.
        limits: Smallest and largest value of its figures.
        trials: `trials(y_true, y_prob, *, classes)`, where its figures are shares of samples.
    """

    name: str
    compute: Callable[..., Any]
    batched: bool = False
    limits: Limits = (0.0, 1.0)
    trials: Callable[..., Trials] | None = None

    def figures(
        self, y_true: NDArray[np.intp], y_prob: NDArray[np.float32], classes: Sequence[str]
    ) -> dict[str, float]:
        """Return the metric's figures by class name or `"macro"`; a single one by `""`.

        Raises:
            DataError: It gave neither a float nor floats by name.
        """
        found = self.compute(y_true, y_prob, classes=classes)
        return {of: self._number(figure) for of, figure in self._by_name(found).items()}

    def resampled(
        self,
        y_true: NDArray[np.intp],
        y_prob: NDArray[np.float32],
        classes: Sequence[str],
        weights: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        """Return the same for many weightings of the samples.

        Args:
            y_true: Class numbers, shape `(n,)`.
            y_prob: Probabilities, shape `(n, k)`.
            classes: The `k` class names.
            weights: Shape `(resamples, n)`.

        Returns:
            By name, shape `(resamples,)`.

        Raises:
            DataError: It gave something else.
        """
        if self.batched:
            found = self.compute(y_true, y_prob, classes=classes, sample_weight=weights)
            return {
                of: self._numbers(figure, weights) for of, figure in self._by_name(found).items()
            }
        rows = [
            self._by_name(self.compute(y_true, y_prob, classes=classes, sample_weight=weight))
            for weight in weights
        ]
        return {of: np.array([self._number(row[of]) for row in rows]) for of in rows[0]}

    @staticmethod
    def _by_name(found: Any) -> Mapping[str, Any]:
        if isinstance(found, Mapping):
            return {str(of): figure for of, figure in found.items()}
        return {SINGLE: found}

    def _number(self, figure: Any) -> float:
        """Take a plugin's figure for what it should be: NumPy's numbers become Python's."""
        try:
            return float(figure)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"metric {self.name!r} must give a float, or floats by name. Received: {figure!r}"
            ) from error

    def _numbers(self, figure: Any, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        numbers = np.asarray(figure, dtype=np.float64)
        if numbers.shape != weights.shape[:1]:
            raise DataError(
                f"metric {self.name!r} must give arrays of shape {weights.shape[:1]} for "
                f"`sample_weight` of shape {weights.shape}. Received: shape {numbers.shape}"
            )
        return numbers
