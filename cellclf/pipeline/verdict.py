"""What the models of a run are worth: every figure, in one table, and the best of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from cellclf.evaluation.comparison import Best, balanced_accuracy, best_model, comparison
from cellclf.evaluation.estimates import estimates
from cellclf.evaluation.gates import Held, held
from cellclf.evaluation.judge import Figures, confusion_counts, judge
from cellclf.evaluation.metric import Metric
from cellclf.evaluation.sources import refuse_trained
from cellclf.gates import Gate
from cellclf.pipeline.sources import units_in
from cellclf.pipeline.train import Trained
from cellclf.terms import JUDGED, Part

__all__ = ["Verdict", "judge_models"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Every figure of a run.

    Attributes:
        figures: Floats, or floats by class and `"macro"`, by model, part and metric.
        confusion: Test counts by model: rows are true classes, columns predicted ones.
        estimates: Test figures with intervals by model; see `cellclf.evaluation.estimates`.
        promises: What calibration, review, sets and refusal promised, and what came of it on test,
            by model; see `cellclf.evaluation.kept_promises`.
        comparison: One row a model.
        best: The model chosen on validation, and why.
        gates: What came of the quality gates, which the best model must reach.
        classes: Class names in the order of the counts.
        leaky: The split leaks, which was allowed: every figure looks better than it is.
    """

    figures: Mapping[str, Mapping[Part, Figures]]
    confusion: Mapping[str, list[list[int]]]
    estimates: Mapping[str, pd.DataFrame]
    promises: Mapping[str, Mapping[str, Any] | None]
    comparison: pd.DataFrame
    best: Best
    gates: tuple[Held, ...]
    classes: tuple[str, ...]
    leaky: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what `metrics.json` holds."""
        return {
            "best": self.best.model,
            "reason": self.best.reason,
            "gates": [asdict(one) for one in self.gates],
            "leaky": self.leaky,
            "classes": list(self.classes),
            "comparison": self.comparison.to_dict("records"),
            "models": {
                label: {
                    **parts,
                    "confusion": self.confusion[label],
                    "estimates": self.estimates[label].to_dict("records"),
                    "promises": self.promises[label],
                    "leaky": self.leaky,
                }
                for label, parts in self.figures.items()
            },
        }


def judge_models(
    metrics: Sequence[Metric],
    trained: Sequence[Trained],
    classes: tuple[str, ...],
    *,
    sources: pd.DataFrame,
    gates: Sequence[str] = (),
    seed: int = 0,
    leaky: bool = False,
) -> Verdict:
    """Compute every metric of every model on every part that it was not trained on.

    Figures of the test part have intervals, by the units that the division kept whole.

    Args:
        metrics: What to compute.
        trained: The models.
        classes: Class names in the order of the outputs.
        sources: Where each sample of the run comes from, and its part; see
            `cellclf.pipeline.sources.sources_of`.
        gates: What the best model must reach, as an experiment has it.
        seed: Decides the resamples that intervals come from; the same for all models.
        leaky: The given split leaks, which was allowed: figures are computed and marked.

    Raises:
        LeakageError: A sample that is to judge shares its source with one that was trained on.
    """
    _refuse_trained(trained, sources, allow_leakage=leaky)
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
            **({"leaky": True} if leaky else {}),
        }
        for model in trained
    }
    best = best_model({model.label: model.part("validation") for model in trained})
    found = {
        model.label: estimates(
            model.part("test"),
            metrics,
            units=units_in(sources, model.part("test")),
            seed=seed,
        )
        for model in trained
    }
    return Verdict(
        figures=figures,
        confusion={model.label: confusion_counts(model.part("test")).tolist() for model in trained},
        estimates=found,
        promises={model.label: model.facts.get("promises") for model in trained},
        comparison=comparison({label: parts["test"] for label, parts in figures.items()}, facts),
        best=best,
        gates=held([Gate.parsed(text) for text in gates], found[best.model]),
        classes=classes,
        leaky=leaky,
    )


def _refuse_trained(
    trained: Sequence[Trained], sources: pd.DataFrame, *, allow_leakage: bool
) -> None:
    """Hold every row that a figure would be computed from against what was trained on."""
    fitted = sources[sources["part"] == "train"]
    judging = sources["part"].isin(JUDGED)
    for model in trained:
        judged = sources[judging | sources["sample_id"].isin(model.predictions["sample_id"])]
        refuse_trained(judged, fitted, allow_leakage=allow_leakage)
