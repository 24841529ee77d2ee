"""The promises of a callback, and where each is tried."""

from __future__ import annotations

from cellclf.specs import CallbackSpec
from cellclf.testing.check import described
from cellclf.testing.every_spec.promises import FOUNDATION

__all__ = ["PROMISES"]

WATCHED = ("watches_as_a_keras_callback",)

PROMISES = described(
    "callbacks.checks",
    CallbackSpec,
    ("watches_as_a_keras_callback", "`make` returns a callback of Keras.", FOUNDATION),
    (
        "training_is_only_watched",
        "A training with it gives the same weights as one without it.",
        WATCHED,
    ),
    (
        "files_stay_in_its_folder",
        "It writes below `context.training_folder` alone.",
        ("training_is_only_watched",),
    ),
    (
        "resumed_training_is_watched",
        "Made anew beside its own files, it watches a training that goes on.",
        ("training_is_only_watched",),
    ),
)
