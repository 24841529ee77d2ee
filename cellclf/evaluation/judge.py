"""Judging one model's predictions: its metrics and its confusion counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix
from sklearn.metrics import log_loss as mean_log_loss

from cellclf.evaluation.metric import SINGLE, Metric
from cellclf.evaluation.predictions import (
    UNIDENTIFIED,
    classes_of,
    labelled,
    probabilities,
    true_classes,
)

__all__ = ["Figures", "answer_counts", "confusion_counts", "judge", "log_loss"]

Figures = Mapping[str, float | Mapping[str, float]]
"""What `judge` finds: a number, or numbers by class name and `"macro"`, by metric name."""


def judge(table: pd.DataFrame, metrics: Sequence[Metric]) -> dict[str, float | dict[str, float]]:
    """Compute every metric on the rows of a table of predictions whose label is known.

    The headline of a run: every labelled row counts, by its probabilities, whether or not a later
    step refused it.

    Args:
        table: What `predictions_table` makes.
        metrics: What to compute.

    Returns:
        By name of the metric, a float, or floats by class name and `"macro"`. A figure that the
        rows cannot give is NaN.

    Raises:
        DataError: A metric gave something else than that.

    Example:
        >>> from cellclf.evaluation.predictions import predictions_table
        >>> table = predictions_table(
        ...     sample_ids=["a", "b"],
        ...     labels=["round", "long"],
        ...     probabilities=[[0.75, 0.25], [0.5, 0.5]],
        ...     classes=("round", "long"),
        ... )
        >>> from cellclf.builtin.metrics import accuracy
        >>> judge(table, [Metric(name="accuracy", compute=accuracy)])
        {'accuracy': 0.5}
    """
    rows = labelled(table)
    true, prob, classes = true_classes(rows), probabilities(rows), classes_of(rows)
    found: dict[str, float | dict[str, float]] = {}
    for metric in metrics:
        figures = metric.figures(true, prob, classes)
        found[metric.name] = figures[SINGLE] if [*figures] == [SINGLE] else figures
    return found


def confusion_counts(table: pd.DataFrame) -> NDArray[np.intp]:
    """Count the labelled rows of a table of predictions by label and top class.

    Returns:
        Shape `(k, k)`: labels in rows, top classes in columns, both in class order.
    """
    classes = classes_of(table)
    return _counted(labelled(table), "top_class", classes, classes)


def answer_counts(table: pd.DataFrame) -> NDArray[np.intp]:
    """Count the labelled rows of a table of predictions by label and answer.

    Returns:
        Shape `(k, k + 1)`: labels in rows; what was predicted in columns, `unidentified` last.
    """
    classes = classes_of(table)
    return _counted(labelled(table), "predicted", classes, (*classes, UNIDENTIFIED))


def _counted(
    rows: pd.DataFrame, column: str, classes: Sequence[str], answers: Sequence[str]
) -> NDArray[np.intp]:
    if not len(rows):
        return np.zeros((len(classes), len(answers)), np.intp)
    found = confusion_matrix(rows["label"], rows[column], labels=[*answers])
    return np.asarray(found[: len(classes)], np.intp)


def log_loss(table: pd.DataFrame) -> float:
    """Mean negative logarithm of the probability given to the label: 0 or more, lower is better.

    NaN where no row has a label.
    """
    rows = labelled(table)
    if not len(rows):
        return float("nan")
    numbers = range(len(classes_of(rows)))
    return float(mean_log_loss(true_classes(rows), probabilities(rows), labels=numbers))
