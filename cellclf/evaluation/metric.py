"""A metric as evaluation calls it: bound to its parameters, its figures in one form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.errors import CellclfError, DataError

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
        by_top_class: Its figures depend on the probabilities by the class that comes first alone.
        limits: Smallest and largest value of its figures.
        trials: `trials(y_true, y_prob, *, classes)`, where its figures are shares of samples.
    """

    name: str
    compute: Callable[..., Any]
    batched: bool = False
    by_top_class: bool = False
    limits: Limits = (None, None)
    trials: Callable[..., Trials] | None = None

    def figures(
        self, y_true: NDArray[np.intp], y_prob: NDArray[np.float32], classes: Sequence[str]
    ) -> dict[str, float]:
        """Return the metric's figures by class name or `"macro"`; a single one by `""`.

        Raises:
            DataError: It gave neither a float nor floats by name, or one outside its limits.
        """
        found = self.compute(y_true, y_prob, classes=classes)
        figures = {of: self._number(figure) for of, figure in self._by_name(found).items()}
        low, high = self.limits
        for of, figure in figures.items():
            if (low is not None and figure < low) or (high is not None and figure > high):
                raise DataError(
                    f"metric {self.name!r} must give figures within its limits, {self.limits}. "
                    f"Received: {figure:g}{f' for {of!r}' if of else ''}"
                )
        return figures

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
        rows = [self._at(y_true, y_prob, classes, weight) for weight in weights]
        names = dict.fromkeys(name for row in rows for name in row)
        return {of: np.array([row.get(of, np.nan) for row in rows]) for of in names}

    def counted(
        self, y_true: NDArray[np.intp], y_prob: NDArray[np.float32], classes: Sequence[str]
    ) -> Trials:
        """Return what the metric counts; nothing where its figures are no shares.

        Raises:
            DataError: It gave no pairs of bool arrays of the samples' length.
        """
        if self.trials is None:
            return {}
        found = self.trials(y_true, y_prob, classes=classes)
        for of, pair in found.items():
            shapes = [(np.asarray(one).dtype, np.shape(one)) for one in pair]
            if shapes != [(np.dtype(bool), (len(y_true),))] * 2:
                raise DataError(
                    f"`trials` of metric {self.name!r} must give two bool arrays of shape "
                    f"({len(y_true)},) by name. Received for {of!r}: {shapes}"
                )
        return {str(of): (hits, counted) for of, (hits, counted) in found.items()}

    def _at(
        self,
        y_true: NDArray[np.intp],
        y_prob: NDArray[np.float32],
        classes: Sequence[str],
        weight: NDArray[np.float64],
    ) -> dict[str, float]:
        """The figures of one resample; none where it lacks what the metric needs, as a class."""
        try:
            found = self.compute(y_true, y_prob, classes=classes, sample_weight=weight)
        except (CellclfError, ArithmeticError, ValueError):
            return {}
        return {of: self._number(figure) for of, figure in self._by_name(found).items()}

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
