"""What a reader of answers must know of the model that gave them, in words."""

from __future__ import annotations

from cellclf.data.leaks import LEAKY
from cellclf.evaluation.drift import Drift

__all__ = ["NOT_CALIBRATED", "caveats", "drifted"]

DRIFTED = (
    "Drift: these images look unlike those that the model was trained on, so that its answers and "
    "confidences may be off:"
)
NOT_CALIBRATED = (
    "Not calibrated: the model does not say which of its answers can do without a person. All of "
    "them are for review."
)
SYNTHETIC = "Synthetic: the model was trained on rendered images, not on real cells."


def caveats(*, leaky: bool, synthetic: bool) -> tuple[str, ...]:
    """Return what is to be said of a model, a sentence each.

    Args:
        leaky: The figures of its run come from a split that leaks.
        synthetic: It was trained on rendered images.
    """
    said = ((leaky, f"{LEAKY}."), (synthetic, SYNTHETIC))
    return tuple(text for holds, text in said if holds)


def drifted(drift: Drift | None) -> list[str]:
    """Return the lines of a summary about images that look unlike those of training."""
    if drift is None or not drift.departures:
        return []
    return [DRIFTED, *(f"  {sentence}" for sentence in drift.sentences())]
