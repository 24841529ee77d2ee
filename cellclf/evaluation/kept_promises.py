"""What a decision promised, and what came of it on samples that nothing was fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cellclf.errors import DataError
from cellclf.evaluation.calibration import BINS, expected_calibration_error, reliability
from cellclf.evaluation.conformal import coverage_band
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.estimates import Judged
from cellclf.evaluation.predictions import UNIDENTIFIED, labelled
from cellclf.evaluation.proportions import share
from cellclf.terms import NO_BREAK, percent

__all__ = ["ECE_BINS", "kept_promises", "promise_sentences"]

BAND_RISK = 0.01
"""Of a class outside its band although the promise is kept, over all classes (Bonferroni)."""

ECE_BINS = f"{BINS} bins of equal number, for the class that comes first"
"""How the calibration error is computed, for people."""


def kept_promises(
    raw: pd.DataFrame,
    decided: pd.DataFrame,
    decision: Decision,
    *,
    units: ArrayLike | None = None,
) -> dict[str, Any]:
    """Hold what was decided against the labels.

    Args:
        raw: Predictions of some labelled samples, probabilities as the network gives them.
        decided: The same after `decision.decide`.
        decision: What decided.
        units: Unit of each row; by the column `group` where it is not given.

    Returns:
        `temperature`; `calibration_error` with `before`, `after` and `bins`; `reliability` with the
        bins `before` and `after`, as `cellclf.evaluation.calibration.reliability` has them, column
        by column; `review` with the `target`, the `threshold`, the share `accepted`, the accuracy
        of those and its interval (`accuracy`, `low`, `high`, `samples`); `sets` with the promised
        `coverage`, the mean `size`, the number of classes (`of`) and, by class, the share `covered`
        of so many `samples`, and between which shares it lies in 99 of 100 cases for all classes
        together if the promise is kept (`low`, `high`); `refusal`, `None` where nothing can be
        refused, with the `share` that may be, the share `refused` of so many `samples`, its
        interval (`low`, `high`), the share of the others that are right (`kept`), the share of the
        refused that would have been (`lost`), and the same by class (`classes`).

    Raises:
        DataError: No sample is labelled.
    """
    before, after = Judged.of(raw, units), Judged.of(decided, units)
    if not len(after.y_true):
        raise DataError("promises can only be held against labelled samples. Received: none")
    right = after.y_prob.argmax(axis=1) == after.y_true
    refused = (labelled(decided)["predicted"] == UNIDENTIFIED).to_numpy()
    accepted = (after.y_prob.max(axis=1) >= decision.review.threshold) & ~refused
    within = share(right[accepted], after.units[accepted])
    return {
        "temperature": decision.calibration.temperature,
        "calibration_error": {
            "before": expected_calibration_error(before.y_true, before.y_prob),
            "after": expected_calibration_error(after.y_true, after.y_prob),
            "bins": ECE_BINS,
        },
        "reliability": {
            "before": reliability(before.y_true, before.y_prob, units=before.units).to_dict("list"),
            "after": reliability(after.y_true, after.y_prob, units=after.units).to_dict("list"),
        },
        "review": {
            "target": decision.review.target,
            "threshold": decision.review.threshold,
            "accepted": float(accepted.mean()),
            "accuracy": _mean(right[accepted]),
            "low": within.low,
            "high": within.high,
            "samples": int(accepted.sum()),
        },
        "sets": {
            "coverage": decision.sets.coverage,
            "size": float(decision.sets.sets(after.y_prob).sum(axis=1).mean()),
            "of": len(after.classes),
            "classes": _by_class(after, decision),
        },
        "refusal": decision.refusal
        and {
            "share": decision.refusal.share,
            **_refused(refused, after.units),
            "kept": _mean(right[~refused]),
            "lost": _mean(right[refused]),
            "classes": {
                after.classes[number]: _refused(
                    refused[after.y_true == number], after.units[after.y_true == number]
                )
                for number in np.unique(after.y_true)
            },
        },
    }


def _refused(refused: NDArray[np.bool_], units: NDArray[np.intp]) -> dict[str, Any]:
    within = share(refused, units)
    return {
        "refused": float(refused.mean()),
        "low": within.low,
        "high": within.high,
        "samples": len(refused),
    }


def _mean(right: NDArray[np.bool_]) -> float:
    return float(right.mean()) if len(right) else float("nan")


def _by_class(judged: Judged, decision: Decision) -> dict[str, dict[str, Any]]:
    covered = decision.sets.covered(judged.y_true, judged.y_prob)
    present = np.unique(judged.y_true)
    found = {}
    for number in present:
        members = judged.y_true == number
        low, high = coverage_band(
            int(decision.sets.samples[number]),
            int(members.sum()),
            coverage=decision.sets.coverage,
            level=1 - BAND_RISK / len(present),
        )
        found[judged.classes[number]] = {
            "covered": float(covered[members].mean()),
            "samples": int(members.sum()),
            "low": low / int(members.sum()),
            "high": high / int(members.sum()),
        }
    return found


def promise_sentences(promises: Mapping[str, Any]) -> list[str]:
    """Say what came of a decision, for people.

    Args:
        promises: What `kept_promises` found.
    """
    error, review, sets = (promises[name] for name in ("calibration_error", "review", "sets"))
    said = [
        f"Calibrated: confidences are off by {_points(error['after'])} percentage points on "
        f"average (expected calibration error, ECE), {_points(error['before'])} before."
    ]
    target = percent(review["target"])
    if not review["samples"]:
        said.append(
            f"Review: every answer. No confidence was shown to make {target} of the answers right. "
            "More images in the calibration part may; or a lower evaluation.target_accuracy, and "
            "--trained-in: nothing is trained again."
        )
    else:
        within = ""
        if review["low"] is not None and not np.isnan(review["low"]):
            ends = f"{percent(review['low'])} to {percent(review['high'])}"
            within = f" (95{NO_BREAK}% interval {ends})"
        said.append(
            f"Review: {percent(1 - review['accepted'])} of the answers, those less sure than "
            f"{percent(review['threshold'])} or refused. Of the others "
            f"{percent(review['accuracy'])} are right{within}; {target} was asked for."
        )
    if promises.get("refusal"):
        said.append(_refusal_sentence(promises["refusal"]))
    coverage = percent(sets["coverage"])
    if sets["size"] >= sets["of"]:
        said.append(
            "Sets of classes: all of them hold every class. There are too few images in the "
            f"calibration part to promise {coverage} of each class with fewer."
        )
        return said
    worst = min(sets["classes"], key=lambda name: sets["classes"][name]["covered"])
    said.append(
        f"Sets of classes: {sets['size']:.2f} classes on average. They are to hold {coverage} of "
        f"the cells of each class, and hold {percent(sets['classes'][worst]['covered'])} or more "
        f"({worst})."
    )
    return said


def _points(error: float) -> str:
    """A difference of shares in percentage points."""
    return f"{100 * error:.1f}"


def _refusal_sentence(refusal: Mapping[str, Any]) -> str:
    price = (
        f"About {percent(refusal['share'])} may be: that is the price of finding cells that are "
        "none of them."
    )
    if not refusal["refused"]:
        return f"Refused: none of the cells, each of which has a class. {price}"
    by_class = refusal["classes"]
    most = max(by_class, key=lambda name: by_class[name]["refused"])
    return (
        f"Refused: {percent(refusal['refused'])} of the cells were called none of the classes, "
        f"although each has one. {price} Most often it befell {most}: "
        f"{percent(by_class[most]['refused'])} of its cells. Of all cells that were refused, "
        f"{percent(refusal['lost'])} would have been answered rightly."
    )
