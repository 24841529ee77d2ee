"""The promises of a metric, and where each is tried."""

from __future__ import annotations

from cellclf.specs import MetricSpec
from cellclf.testing.check import described
from cellclf.testing.every_spec.promises import FOUNDATION

__all__ = ["PROMISES"]

FIGURES = ("figures_come_out",)

PROMISES = described(
    "metrics.checks",
    MetricSpec,
    ("predictions_are_not_changed", "The arrays that are given stay as they are.", FOUNDATION),
    (
        "figures_come_out",
        "A finite float comes out, or floats by class name and `macro`.",
        ("predictions_are_not_changed",),
    ),
    ("limits_hold", "Figures of good and bad answers are within `limits`.", FIGURES),
    (
        "better_predictions_score_better",
        "Right answers get a better figure than wrong ones, as `higher_is_better` says.",
        FIGURES,
    ),
    (
        "weights_repeat_samples",
        "A sample of weight 2 counts as two, of weight 0 as none; no weights are weights of 1.",
        FIGURES,
    ),
    (
        "batched_weights_agree",
        "With `batched`, many weightings at once give what each gives by itself.",
        ("weights_repeat_samples",),
    ),
    ("order_of_samples_does_not_matter", "Samples may come in any order.", FIGURES),
    (
        "order_of_classes_does_not_matter",
        "Classes may come in any order: a figure goes with the name of its class.",
        FIGURES,
    ),
    (
        "missing_classes_are_survived",
        "Classes without samples, and a single sample, give NaN or a refusal, and no warning.",
        FIGURES,
    ),
    (
        "trials_give_the_figures",
        "Hits among counted, as `trials` says, are the figures of `compute`.",
        FIGURES,
    ),
    (
        "top_class_is_enough",
        "With `by_top_class`, probabilities count by the class that comes first alone.",
        FIGURES,
    ),
)
