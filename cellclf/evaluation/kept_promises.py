"""What a decision promised, and what came of it on samples that nothing was fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from cellclf.evaluation.calibration import BINS, expected_calibration_error, reliability
from cellclf.evaluation.conformal import coverage_band
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.estimates import Judged
from cellclf.evaluation.proportions import share

__all__ = ["ECE_BINS", "kept_promises", "promise_sentences"]

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
        by column; `review` with the
        `target`, the `threshold`, the share `accepted`, the accuracy of those and its interval
        (`accuracy`, `low`, `high`, `samples`); `sets` with the promised `coverage`, the mean `size`
        and, by class, the share `covered` of so many `samples`, and between which shares it lies in
        99 of 100 cases for all classes together if the promise is kept (`low`, `high`).
    """
    before, after = Judged.of(raw, units), Judged.of(decided, units)
    right = after.y_prob.argmax(axis=1) == after.y_true
    accepted = after.y_prob.max(axis=1) >= decision.review.threshold
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
            "accuracy": float(right[accepted].mean()) if accepted.any() else float("nan"),
            "low": within.low,
            "high": within.high,
            "samples": int(accepted.sum()),
        },
        "sets": {
            "coverage": decision.sets.coverage,
            "size": float(decision.sets.sets(after.y_prob).sum(axis=1).mean()),
            "classes": _by_class(after, decision),
        },
    }


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
            # So that all classes lie in their bands in 99 of 100 cases (Bonferroni).
            level=1 - 0.01 / len(present),
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
        f"Calibrated: confidences are off by {error['after']:.1%} on average, "
        f"{error['before']:.1%} before."
    ]
    if not review["samples"]:
        said.append(
            f"Review: every answer. No confidence was shown to make {review['target']:.1%} of the "
            "answers right; more images in the calibration part may."
        )
    else:
        within = ""
        if review["low"] is not None and not np.isnan(review["low"]):
            within = f" (95 % interval {review['low']:.1%} to {review['high']:.1%})"
        said.append(
            f"Review: {1 - review['accepted']:.1%} of the answers, those less sure than "
            f"{review['threshold']:.1%}. Of the others {review['accuracy']:.1%} are right{within}; "
            f"{review['target']:.1%} was asked for."
        )
    if sets["size"] >= len(sets["classes"]):
        said.append(
            f"Sets of classes: all of them hold every class. There are too few images in the "
            f"calibration part to promise {sets['coverage']:.0%} of each class with fewer."
        )
        return said
    worst = min(sets["classes"], key=lambda name: sets["classes"][name]["covered"])
    said.append(
        f"Sets of classes: {sets['size']:.2f} classes on average. They are to hold "
        f"{sets['coverage']:.0%} of the cells of each class, and hold "
        f"{sets['classes'][worst]['covered']:.1%} or more ({worst})."
    )
    return said
