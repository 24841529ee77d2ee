"""What the built-in metrics that are shares of samples count: hits, and those they are a share of.

Each takes `y_true`, int `(n,)`; `y_prob`, float `(n, k)`; and `classes`, the `k` class names. Each
returns two bool arrays `(n,)` by class name, or by `""`: hits and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cellclf.evaluation.metric import Trials

__all__ = [
    "accuracy",
    "balanced_accuracy",
    "negative_predictive_value",
    "precision",
    "recall",
    "specificity",
]

Bools = NDArray[np.bool_]


def accuracy(
    y_true: NDArray[np.intp], y_prob: NDArray[np.float32], *, classes: Sequence[str]
) -> Trials:
    """Samples whose most probable class is their label, among all."""
    del classes
    right = y_true == y_prob.argmax(axis=1)
    return {"": (right, np.ones_like(right))}


def balanced_accuracy(
    y_true: NDArray[np.intp], y_prob: NDArray[np.float32], *, classes: Sequence[str]
) -> Trials:
    """The shares of which it is the mean: those that recall counts."""
    return recall(y_true, y_prob, classes=classes)


def precision(
    y_true: NDArray[np.intp], y_prob: NDArray[np.float32], *, classes: Sequence[str]
) -> Trials:
    """Samples of the class, among those taken for it."""
    return _by_class(y_true, y_prob, classes, lambda of, taken: (of, taken))


def recall(
    y_true: NDArray[np.intp], y_prob: NDArray[np.float32], *, classes: Sequence[str]
) -> Trials:
    """Samples taken for the class, among those of it."""
    return _by_class(y_true, y_prob, classes, lambda of, taken: (taken, of))


def specificity(
    y_true: NDArray[np.intp], y_prob: NDArray[np.float32], *, classes: Sequence[str]
) -> Trials:
    """Samples not taken for the class, among those of others."""
    return _by_class(y_true, y_prob, classes, lambda of, taken: (~taken, ~of))


def negative_predictive_value(
    y_true: NDArray[np.intp], y_prob: NDArray[np.float32], *, classes: Sequence[str]
) -> Trials:
    """Samples of others, among those not taken for the class."""
    return _by_class(y_true, y_prob, classes, lambda of, taken: (~of, ~taken))


def _by_class(
    y_true: NDArray[np.intp],
    y_prob: NDArray[np.float32],
    classes: Sequence[str],
    counted: Callable[[Bools, Bools], tuple[Bools, Bools]],
) -> Trials:
    """Apply `counted` to which samples are of each class and which are taken for it."""
    top = y_prob.argmax(axis=1)
    return {name: counted(y_true == number, top == number) for number, name in enumerate(classes)}
