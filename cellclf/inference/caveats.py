"""What a reader of answers must know of the model that gave them, in words."""

from __future__ import annotations

from collections.abc import Mapping

from cellclf.data.leaks import LEAKY
from cellclf.engines.views import VIEWS
from cellclf.evaluation.abstention import found_none
from cellclf.evaluation.drift import Drift
from cellclf.evaluation.prediction_files import Sidecar

__all__ = ["DRIFT_UNKNOWN", "NOT_CALIBRATED", "averaged", "caveats", "drifted"]

DRIFTED = (
    "Drift: these images look unlike those that the model was trained on, so that its answers and "
    "confidences may be off:"
)
DRIFT_UNKNOWN = "Drift: not known. These images were not compared with those of training."
NOT_CALIBRATED = (
    "Not calibrated: the model does not say which of its answers can do without a person. All of "
    "them are for review."
)
SYNTHETIC = "Synthetic: the model was trained on rendered images, not on real cells."


def caveats(
    *, leaky: bool, synthetic: bool, thresholds: Mapping[str, float] | None = None
) -> tuple[str, ...]:
    """Return what is to be said of a model, a sentence each.

    Args:
        leaky: The figures of its run come from a split that leaks.
        synthetic: It was trained on rendered images.
        thresholds: What turns its probabilities into answers, as a sidecar has it.
    """
    found = thresholds or {}
    no_threshold = ""
    if found_none(found):
        no_threshold = (
            f"No threshold: from the {found['calibrated_on']:.0f} images of the calibration part, "
            f"no confidence could be shown to make {100 * found['review_target']:g} % of the "
            "answers right. All of them are for review."
        )
    said = (
        (leaky, f"{LEAKY}."),
        (synthetic, SYNTHETIC),
        (bool(no_threshold), no_threshold),
    )
    return tuple(text for holds, text in said if holds)


def averaged(sidecar: Sidecar) -> tuple[str, ...]:
    """Return what is to be said of answers that are means over views or models, a sentence each.

    Args:
        sidecar: What stands beside the answers.
    """
    said = []
    if sidecar.views != "none":
        of_one = "Calibration and thresholds are those of a single view."
        said.append(
            f"Views: each image was looked at from {VIEWS[sidecar.views]} sides, and what was seen "
            f"averaged.{f' {of_one}' if sidecar.calibrated else ''}"
        )
    if sidecar.members:
        names = [member.model for member in sidecar.members]
        of_first = (
            ", each calibrated by itself; the mean is not calibrated. What is for review or none "
            f"of the classes goes by the thresholds of the first, {names[0]}"
        )
        said.append(
            f"Ensemble: the probabilities of {', '.join(names)} were averaged"
            f"{of_first if sidecar.calibrated else ''}."
        )
    if said:
        said.append("What they confuse together was not counted, so counts are not corrected.")
    return tuple(said)


def drifted(drift: Drift | None) -> list[str]:
    """Return the lines of a summary about how images look beside those of training."""
    if drift is None:
        return [DRIFT_UNKNOWN]
    if not drift.departures:
        return [f"Drift: {drift.without()}."] if drift.images else []
    return [DRIFTED, *(f"  {sentence}" for sentence in drift.sentences())]
