"""What other ways of answering gain over the plain one, on the same labelled samples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from cellclf.errors import DataError
from cellclf.evaluation import confusion
from cellclf.evaluation.calibration import expected_calibration_error
from cellclf.evaluation.estimates import Judged
from cellclf.evaluation.judge import confusion_counts, log_loss
from cellclf.evaluation.pairs import holm, paired
from cellclf.evaluation.predictions import UNIDENTIFIED, labelled, probabilities, review_flags

__all__ = ["COLUMNS", "gains"]

COLUMNS: Mapping[str, str] = {
    "way": "how it was answered",
    "accuracy": "share of samples whose top class is the label",
    "low": "lower end of its 95 % interval",
    "high": "upper end",
    "f1_macro": "mean F1 over classes",
    "calibration_error": "expected calibration error, in bins of equal number",
    "log_loss": "mean negative logarithm of the probability of the label",
    "accepted": "share of samples that need no person; missing where the model is not calibrated",
    "accepted_accuracy": "share of those that are right",
    "refused": "share of samples that are called none of the classes",
    "difference": "accuracy less that of the first way",
    "difference_low": "lower end of its 95 % interval",
    "difference_high": "upper end",
    "gained": "samples that this way has right and the first has not",
    "lost": "samples that the first way has right and this one has not",
    "p_value": "of the difference, adjusted for the number of ways",
}
"""The columns of what `gains` returns, and what stands in each."""


def gains(ways: Mapping[str, pd.DataFrame], *, units: ArrayLike | None = None) -> pd.DataFrame:
    """Judge several ways of answering on the same samples, and compare each with the first.

    Differences of accuracy are paired: see `cellclf.evaluation.pairs.paired`; p-values are adjusted
    for their number (Holm, 1979).

    Args:
        ways: Tables of predictions, row by row of the same samples, by what the way is called; the
            plain one first.
        units: Unit of each row; by the column `group` where it is not given.

    Returns:
        One row a way, with the columns of `COLUMNS`; what compares is missing in the first.

    Raises:
        DataError: No sample is labelled, or the tables are of different samples.
    """
    first, *others = ways
    plain = Judged.of(ways[first], units)
    if not len(plain.y_true):
        raise DataError("ways of answering can only be judged by labelled samples. Received: none")
    for name in others:
        if ways[name]["sample_id"].tolist() != ways[first]["sample_id"].tolist():
            raise DataError(f"{first!r} and {name!r} must be judged on the same samples, in order")
    rows = {name: _judged(table, units) for name, table in ways.items()}
    right = plain.y_prob.argmax(axis=1) == plain.y_true
    found = {
        name: paired(
            probabilities(labelled(ways[name])).argmax(axis=1) == plain.y_true, right, plain.units
        )
        for name in others
    }
    p_values = dict(zip(others, holm([one.p_value for one in found.values()]), strict=True))
    for name, pair in found.items():
        rows[name] |= {
            "difference": pair.difference,
            "difference_low": pair.interval.low,
            "difference_high": pair.interval.high,
            "gained": pair.first_only,
            "lost": pair.second_only,
            "p_value": float(p_values[name]),
        }
    table = pd.DataFrame([{"way": name, **row} for name, row in rows.items()], columns=[*COLUMNS])
    return table.astype(dict.fromkeys(("gained", "lost"), "Int64"))


def _judged(table: pd.DataFrame, units: ArrayLike | None) -> dict[str, float]:
    """What one way of answering is worth by itself."""
    judged, known = Judged.of(table, units), labelled(table)
    right = judged.y_prob.argmax(axis=1) == judged.y_true
    within = judged.share(right, np.ones(len(right), np.bool_))
    counts = confusion_counts(table).astype(np.float64)
    review = review_flags(known["review"])
    accepted = (~review).fillna(False).to_numpy(dtype=np.bool_)
    calibrated = bool(review.notna().any())
    return {
        "accuracy": float(right.mean()),
        "low": within.low,
        "high": within.high,
        "f1_macro": float(confusion.mean_over_classes(confusion.f1(counts))),
        "calibration_error": expected_calibration_error(judged.y_true, judged.y_prob),
        "log_loss": log_loss(table),
        "accepted": float(accepted.mean()) if calibrated else np.nan,
        "accepted_accuracy": float(right[accepted].mean()) if accepted.any() else np.nan,
        "refused": float((known["predicted"] == UNIDENTIFIED).mean()) if calibrated else np.nan,
    }
