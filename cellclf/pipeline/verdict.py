"""What the models of a run are worth: every figure, in one table, and the best of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from cellclf.checking import Chosen, Plan
from cellclf.evaluation.comparison import Best, balanced_accuracy, best_model, comparison
from cellclf.evaluation.judge import Figures, Metric, confusion_counts, judge
from cellclf.pipeline.train import JUDGED, Trained
from cellclf.specs import MetricSpec, NoParams
from cellclf.terms import Part

__all__ = ["Verdict", "bound_metrics", "judge_models"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Every figure of a run.

    Attributes:
        figures: Floats, or floats by class and `"macro"`, by model, part and metric.
        confusion: Test counts by model: rows are true classes, columns predicted ones.
        comparison: One row a model.
        best: The model chosen on validation, and why.
        classes: Class names in the order of the counts.
    """

    figures: Mapping[str, Mapping[Part, Figures]]
    confusion: Mapping[str, list[list[int]]]
    comparison: pd.DataFrame
    best: Best
    classes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return what `metrics.json` holds."""
        return {
            "best": self.best.model,
            "reason": self.best.reason,
            "classes": list(self.classes),
            "comparison": self.comparison.to_dict("records"),
            "models": {
                label: {**parts, "confusion": self.confusion[label]}
                for label, parts in self.figures.items()
            },
        }


def bound_metrics(plan: Plan) -> dict[str, Metric]:
    """Import the experiment's metrics, ready to be called.

    Raises:
        PluginError: One of them cannot be imported; better known before training than after.
    """
    return {name: _bound(chosen) for name, chosen in plan.metrics.items()}


def judge_models(
    metrics: Mapping[str, Metric], trained: Sequence[Trained], classes: tuple[str, ...]
) -> Verdict:
    """Compute every metric of every model on every part that it was not trained on."""
    figures = {
        model.label: {
            part: judge(model.part(part), metrics) for part in JUDGED if len(model.part(part))
        }
        for model in trained
    }
    facts = {
        model.label: {
            "validation_balanced_accuracy": balanced_accuracy(model.part("validation")),
            "network_parameters": model.facts["parameters"],
            "training_epochs": model.facts["epochs"],
            "training_seconds": model.facts["training_seconds"],
        }
        for model in trained
    }
    return Verdict(
        figures=figures,
        confusion={model.label: confusion_counts(model.part("test")).tolist() for model in trained},
        comparison=comparison({label: parts["test"] for label, parts in figures.items()}, facts),
        best=best_model({model.label: model.part("validation") for model in trained}),
        classes=classes,
    )


def _bound(chosen: Chosen[MetricSpec]) -> Metric:
    """The metric's function; one that has parameters is given them as `params`."""
    compute: Metric = chosen.function("compute")
    if chosen.spec.params is NoParams:
        return compute
    return partial(compute, params=chosen.params)
