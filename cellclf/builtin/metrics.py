"""The metrics that the core offers, all of one signature and computed without a loop over samples.

Each takes `y_true`, int `(n,)`; `y_prob`, float `(n, k)`; `classes`, the `k` class names; and
`sample_weight`, not negative, `(n,)` or `(resamples, n)`, 1 for every sample where it is not given.
With `(resamples, n)` weights every figure is an array of shape `(resamples,)`, else a float.
The predicted class is the most probable one, the first of several equally probable ones.

A figure that the samples cannot give is NaN, without a warning, and takes no part in `"macro"`,
the mean over classes: every figure of a class without samples (of no weight), specificity and ROC
AUC of a class that every sample belongs to, the negative predictive value of one that every sample
is taken for, and everything where there are no samples.
A class that has samples and is never predicted has precision and F1 of 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cellclf.errors import DataError
from cellclf.evaluation import confusion
from cellclf.evaluation.confusion import MACRO

__all__ = [
    "accuracy",
    "balanced_accuracy",
    "f1",
    "negative_predictive_value",
    "precision",
    "recall",
    "roc_auc",
    "specificity",
]

Floats = NDArray[np.float64]
Figure = float | Floats


def accuracy(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    classes: Sequence[str],
    sample_weight: ArrayLike | None = None,
) -> Figure:
    """Share of samples whose most probable class is their label: 0 to 1, higher is better.

    Raises:
        DataError: The arrays do not fit each other, or hold values that they must not.

    Example:
        >>> accuracy([0, 1], [[0.9, 0.1], [0.6, 0.4]], classes=("round", "long"))
        0.5
    """
    counts = _counts(y_true, y_prob, classes, sample_weight)
    total = counts.sum(axis=(-2, -1))
    right = np.trace(counts, axis1=-2, axis2=-1)
    return _plain(np.where(total > 0, right / np.where(total > 0, total, 1), np.nan))


def balanced_accuracy(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    classes: Sequence[str],
    sample_weight: ArrayLike | None = None,
) -> Figure:
    """Mean over classes of the share of each that is recognised: macro recall, 0 to 1.

    Brodersen et al., "The balanced accuracy and its posterior distribution", 2010.

    Raises:
        DataError: The arrays do not fit each other, or hold values that they must not.

    Example:
        >>> prob = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.2, 0.8]]
        >>> balanced_accuracy([0, 0, 1, 1], prob, classes=("round", "long"))
        0.75
    """
    counts = _counts(y_true, y_prob, classes, sample_weight)
    return _plain(confusion.mean_over_classes(confusion.recall(counts)))


def precision(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    classes: Sequence[str],
    sample_weight: ArrayLike | None = None,
) -> dict[str, Figure]:
    """Share of the predictions of each class that are right: 0 to 1, by class name and `"macro"`.

    Raises:
        DataError: The arrays do not fit each other, or hold values that they must not.

    Example:
        >>> prob = [[0.9, 0.1], [0.8, 0.2], [0.2, 0.8]]
        >>> precision([0, 1, 1], prob, classes=("round", "long"))
        {'round': 0.5, 'long': 1.0, 'macro': 0.75}
    """
    counts = _counts(y_true, y_prob, classes, sample_weight)
    return _named(confusion.precision(counts), classes)


def recall(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    classes: Sequence[str],
    sample_weight: ArrayLike | None = None,
) -> dict[str, Figure]:
    """Share of the samples of each class that are recognised (its sensitivity).

    Returns:
        0 to 1, by class name and `"macro"`.

    Raises:
        DataError: The arrays do not fit each other, or hold values that they must not.

    Example:
        >>> prob = [[0.9, 0.1], [0.8, 0.2], [0.2, 0.8]]
        >>> recall([0, 1, 1], prob, classes=("round", "long"))
        {'round': 1.0, 'long': 0.5, 'macro': 0.75}
    """
    counts = _counts(y_true, y_prob, classes, sample_weight)
    return _named(confusion.recall(counts), classes)


def specificity(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    classes: Sequence[str],
    sample_weight: ArrayLike | None = None,
) -> dict[str, Figure]:
    """Share of the samples of all other classes that are not taken for the class.

    Returns:
        0 to 1, by class name and `"macro"`.

    Raises:
        DataError: The arrays do not fit each other, or hold values that they must not.

    Example:
        >>> prob = [[0.9, 0.1], [0.8, 0.2], [0.2, 0.8]]
        >>> specificity([0, 1, 1], prob, classes=("round", "long"))
        {'round': 0.5, 'long': 1.0, 'macro': 0.75}
    """
    counts = _counts(y_true, y_prob, classes, sample_weight)
    return _named(confusion.specificity(counts), classes)


def negative_predictive_value(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    classes: Sequence[str],
    sample_weight: ArrayLike | None = None,
) -> dict[str, Figure]:
    """Share of the samples not taken for a class that are not of it (NPV).

    Like precision, the positive predictive value, it holds for the class shares of these samples.

    Returns:
        0 to 1, by class name and `"macro"`.

    Raises:
        DataError: The arrays do not fit each other, or hold values that they must not.

    Example:
        >>> prob = [[0.9, 0.1], [0.8, 0.2], [0.2, 0.8]]
        >>> negative_predictive_value([0, 1, 1], prob, classes=("round", "long"))
        {'round': 1.0, 'long': 0.5, 'macro': 0.75}
    """
    counts = _counts(y_true, y_prob, classes, sample_weight)
    return _named(confusion.negative_predictive_value(counts), classes)


def f1(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    classes: Sequence[str],
    sample_weight: ArrayLike | None = None,
) -> dict[str, Figure]:
    """Harmonic mean of precision and recall of each class: 0 to 1, by class name and `"macro"`.

    Raises:
        DataError: The arrays do not fit each other, or hold values that they must not.

    Example:
        >>> f1([0, 1], [[0.9, 0.1], [0.2, 0.8]], classes=("round", "long"))
        {'round': 1.0, 'long': 1.0, 'macro': 1.0}
    """
    counts = _counts(y_true, y_prob, classes, sample_weight)
    return _named(confusion.f1(counts), classes)


def roc_auc(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    classes: Sequence[str],
    sample_weight: ArrayLike | None = None,
) -> dict[str, Figure]:
    """Area under the ROC curve of each class against the rest, by class name and `"macro"`.

    The chance that a sample of the class gets a higher probability of it than a sample of the
    others, ties counting half (Hanley and McNeil, 1982): 0 to 1, 0.5 for guessing.

    Raises:
        DataError: The arrays do not fit each other, or hold values that they must not.

    Example:
        >>> prob = [[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]]
        >>> roc_auc([0, 0, 1, 1], prob, classes=("round", "long"))
        {'round': 0.75, 'long': 0.75, 'macro': 0.75}
    """
    true, prob, weights = _checked(y_true, y_prob, classes, sample_weight)
    # Samples first: a whole row of weightings is then moved at a time.
    by_sample = np.ascontiguousarray(np.moveaxis(weights, -1, 0))
    areas = [
        _area_under_curve(true == number, prob[:, number], by_sample)
        for number in range(len(classes))
    ]
    return _named(np.stack(areas, axis=-1), classes)


def _area_under_curve(positive: NDArray[np.bool_], score: Floats, weights: Floats) -> Floats:
    """The area for each weighting; `weights` has the shape `(n, ...)`."""
    if not len(score):
        return np.full(weights.shape[1:], np.nan)
    order = np.argsort(score, kind="stable")
    starts = np.unique(score[order], return_index=True)[1]
    of_class, sorted_weights = positive[order], weights[order]
    negatives = sorted_weights.copy()
    negatives[of_class] = 0
    positives = sorted_weights - negatives
    if len(starts) < len(score):
        positives, negatives = (
            np.add.reduceat(one, starts, axis=0) for one in (positives, negatives)
        )
    below = np.cumsum(negatives, axis=0)
    below -= negatives / 2
    below *= positives
    won = below.sum(axis=0)
    pairs = positives.sum(axis=0) * negatives.sum(axis=0)
    return np.where(pairs > 0, won / np.where(pairs > 0, pairs, 1), np.nan)


def _counts(
    y_true: ArrayLike, y_prob: ArrayLike, classes: Sequence[str], sample_weight: ArrayLike | None
) -> Floats:
    true, prob, weights = _checked(y_true, y_prob, classes, sample_weight)
    return confusion.confusion_matrix(
        true, prob.argmax(axis=1), num_classes=len(classes), sample_weight=weights
    )


def _checked(
    y_true: ArrayLike, y_prob: ArrayLike, classes: Sequence[str], sample_weight: ArrayLike | None
) -> tuple[NDArray[np.intp], Floats, Floats]:
    true = np.asarray(y_true, dtype=np.intp)
    prob = np.asarray(y_prob, dtype=np.float64)
    number = len(classes)
    if not number or len(set(classes)) < number or MACRO in classes:
        raise DataError(
            f"`classes` must be different names, none of them {MACRO!r}, which is the name of the "
            f"mean over classes. Received: classes={tuple(classes)!r}"
        )
    if true.ndim != 1 or prob.shape != (len(true), number):
        raise DataError(
            "`y_true` must have shape (n,) and `y_prob` shape (n, classes). Received: shapes "
            f"{true.shape} and {prob.shape} for {number} classes"
        )
    if len(true) and not 0 <= true.min() <= true.max() < number:
        raise DataError(
            f"`y_true` must hold class numbers from 0 to {number - 1}. "
            f"Received: {true.min()} to {true.max()}"
        )
    if not np.isfinite(prob).all():
        raise DataError("`y_prob` must be finite. Received: NaN or infinity")
    weights = np.ones(len(true)) if sample_weight is None else np.asarray(sample_weight, float)
    if weights.ndim not in (1, 2) or weights.shape[-1] != len(true):
        raise DataError(
            "`sample_weight` must have shape (n,) or (resamples, n). "
            f"Received: shape {weights.shape} for n={len(true)}"
        )
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise DataError("`sample_weight` must be finite and not negative")
    return true, prob, weights


def _named(figures: Floats, classes: Sequence[str]) -> dict[str, Figure]:
    by_class = {name: _plain(figures[..., number]) for number, name in enumerate(classes)}
    return {**by_class, MACRO: _plain(confusion.mean_over_classes(figures))}


def _plain(figure: Floats) -> Figure:
    """A Python float for one weighting, the array for many."""
    return figure if figure.ndim else float(figure)
