"""What a confusion matrix says: its counts, and figures of each class against the others.

One convention holds for every figure of a class, so that all of them are averaged over the same
classes: a class without samples has no figure (NaN) and takes no part in an average; a class that
has samples and is never predicted has precision 0; a share of nothing else, such as the specificity
of the only class there is, is no figure. For precision, recall and F1 this is scikit-learn's
`labels=` the classes that occur, `zero_division=0`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "MACRO",
    "confusion_matrix",
    "f1",
    "mean_over_classes",
    "negative_predictive_value",
    "precision",
    "recall",
    "specificity",
]

Floats = NDArray[np.float64]

MACRO = "macro"
"""What the mean of a figure over classes is called; so no class may be."""


def confusion_matrix(
    y_true: NDArray[np.integer],
    y_pred: NDArray[np.integer],
    *,
    num_classes: int,
    sample_weight: ArrayLike | None = None,
) -> Floats:
    """Sum the weight of the samples of each class that were predicted as each class.

    Args:
        y_true: Class numbers, shape `(n,)`, in `0..num_classes - 1`.
        y_pred: The same for the predictions.
        num_classes: Number of classes, `k`.
        sample_weight: Not negative, shape `(n,)`, or `(resamples, n)` for many weightings of the
            same predictions; 1 for every sample where it is not given.

    Returns:
        Shape `(k, k)`, or `(resamples, k, k)`: true classes in rows, predicted ones in columns.

    Example:
        >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), num_classes=2).tolist()
        [[1.0, 1.0], [0.0, 1.0]]
    """
    if sample_weight is None:
        weights: Floats = np.ones(len(y_true))
    else:
        weights = np.asarray(sample_weight, dtype=np.float64)
    counts = np.zeros((*weights.shape[:-1], num_classes * num_classes))
    if len(y_true):
        cells = np.asarray(y_true, dtype=np.intp) * num_classes + y_pred
        order = np.argsort(cells, kind="stable")
        occurring, starts = np.unique(cells[order], return_index=True)
        counts[..., occurring] = np.add.reduceat(weights[..., order], starts, axis=-1)
    return counts.reshape(*weights.shape[:-1], num_classes, num_classes)


def recall(counts: Floats) -> Floats:
    """Share of each class's samples that were predicted as that class.

    Args:
        counts: Confusion matrix, shape `(..., k, k)`, true classes in rows.

    Returns:
        Shape `(..., k)`, 0 to 1; NaN for a class without samples.
    """
    return _share(_hits(counts), counts.sum(axis=-1), counts)


def precision(counts: Floats) -> Floats:
    """Share of the predictions of each class that were right.

    Args:
        counts: Confusion matrix, shape `(..., k, k)`, true classes in rows.

    Returns:
        Shape `(..., k)`, 0 to 1; NaN for a class without samples, 0 for one that has samples and
        is never predicted.
    """
    return _share(_hits(counts), counts.sum(axis=-2), counts)


def specificity(counts: Floats) -> Floats:
    """Share of the samples of all other classes that were not predicted as the class.

    Args:
        counts: Confusion matrix, shape `(..., k, k)`, true classes in rows.

    Returns:
        Shape `(..., k)`, 0 to 1; NaN for a class without samples, and where there is no other.
    """
    others, rejected = _others(counts)
    return np.where(others > 0, _share(rejected, others, counts), np.nan)


def negative_predictive_value(counts: Floats) -> Floats:
    """Share of the samples not predicted as the class that are not of it.

    Args:
        counts: Confusion matrix, shape `(..., k, k)`, true classes in rows.

    Returns:
        Shape `(..., k)`, 0 to 1; NaN for a class without samples, and where all were predicted as
        the class.
    """
    _, rejected = _others(counts)
    dismissed = counts.sum(axis=(-2, -1))[..., np.newaxis] - counts.sum(axis=-2)
    return np.where(dismissed > 0, _share(rejected, dismissed, counts), np.nan)


def f1(counts: Floats) -> Floats:
    """Harmonic mean of each class's precision and recall.

    Args:
        counts: Confusion matrix, shape `(..., k, k)`, true classes in rows.

    Returns:
        Shape `(..., k)`, 0 to 1; NaN for a class without samples.
    """
    return _share(2 * _hits(counts), counts.sum(axis=-1) + counts.sum(axis=-2), counts)


def mean_over_classes(figures: Floats) -> Floats:
    """Average a figure over the classes that have it, each class counting the same ("macro").

    Args:
        figures: Shape `(..., k)`, NaN where a class has no figure.

    Returns:
        Shape `(...)`; NaN where no class has one.

    Example:
        >>> float(mean_over_classes(np.array([1.0, 0.5, np.nan])))
        0.75
    """
    known = ~np.isnan(figures)
    number = known.sum(axis=-1)
    total = np.where(known, figures, 0).sum(axis=-1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _hits(counts: Floats) -> Floats:
    return np.diagonal(counts, axis1=-2, axis2=-1)


def _others(counts: Floats) -> tuple[Floats, Floats]:
    """Weight of all samples not of each class, and of those of them not predicted as the class."""
    total = counts.sum(axis=(-2, -1))[..., np.newaxis]
    others = total - counts.sum(axis=-1)
    return others, others - counts.sum(axis=-2) + _hits(counts)


def _share(part: Floats, whole: Floats, counts: Floats) -> Floats:
    shares = np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
    return np.where(counts.sum(axis=-1) > 0, shares, np.nan)
