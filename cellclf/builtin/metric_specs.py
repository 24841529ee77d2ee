"""The metrics that the core offers, described without importing what computes them."""

from __future__ import annotations

from cellclf.specs import MetricSpec

__all__ = ["METRICS"]


def _metric(name: str, summary: str, *, share: bool = False) -> MetricSpec:
    return MetricSpec(
        name=name,
        summary=summary,
        compute=f"cellclf.builtin.metrics:{name}",
        trials=f"cellclf.builtin.metric_trials:{name}" if share else None,
        batched=True,
        by_top_class=name != "roc_auc",
        limits=(0.0, 1.0),
    )


METRICS: tuple[MetricSpec, ...] = (
    _metric("accuracy", "Share of samples whose most probable class is their label", share=True),
    _metric(
        "balanced_accuracy",
        "Mean over classes of the share of each that is recognised",
        share=True,
    ),
    _metric(
        "precision",
        "Share of the predictions of a class that are right (PPV), and their mean",
        share=True,
    ),
    _metric(
        "recall",
        "Share of the samples of a class that are recognised (sensitivity), and their mean",
        share=True,
    ),
    _metric(
        "specificity",
        "Share of the samples of other classes not taken for the class, and their mean",
        share=True,
    ),
    _metric(
        "negative_predictive_value",
        "Share of the samples not taken for a class that are not of it (NPV), and their mean",
        share=True,
    ),
    _metric("f1", "Harmonic mean of precision and recall of a class, and their mean"),
    _metric("roc_auc", "Area under the ROC curve of each class against the rest, and their mean"),
)
