"""Comparing models: all in one table, and which of them is best."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from cellclf.errors import DataError
from cellclf.evaluation import confusion
from cellclf.evaluation.confusion import MACRO
from cellclf.evaluation.judge import Figures, confusion_counts, log_loss
from cellclf.evaluation.predictions import labelled

__all__ = ["Best", "balanced_accuracy", "best_model", "comparison"]

DIGITS = 12
"""Decimals by which models are ranked: the order in which floats were summed decides nothing."""


@dataclass(frozen=True, kw_only=True)
class Best:
    """The best of some models, and why.

    Attributes:
        model: Its name.
        reason: One sentence for people.
    """

    model: str
    reason: str


@dataclass(frozen=True)
class _Criterion:
    name: str
    of: Callable[[pd.DataFrame], float]
    sign: int


def comparison(
    results: Mapping[str, Figures], facts: Mapping[str, Mapping[str, object]] | None = None
) -> pd.DataFrame:
    """Put the headline figures of models into one table.

    Args:
        results: What `judge` found, by model.
        facts: What else there is to say of each model, such as its number of parameters.

    Returns:
        One row a model, in the order given: `model`, a column for each metric, a column for each
        fact. Of a metric with figures by class the mean over classes stands, as `<metric>_macro`;
        one that has none is left out. What is not known of a model is missing.

    Example:
        >>> comparison(
        ...     {"vgg16": {"accuracy": 0.9, "f1": {"round": 0.8, "long": 0.9, "macro": 0.85}}},
        ...     {"vgg16": {"parameters": 14}},
        ... ).to_dict("records")
        [{'model': 'vgg16', 'accuracy': 0.9, 'f1_macro': 0.85, 'parameters': 14}]
    """
    rows = []
    for model, figures in results.items():
        row: dict[str, object] = {"model": model}
        for name, figure in figures.items():
            if not isinstance(figure, Mapping):
                row[name] = figure
            elif MACRO in figure:
                row[f"{name}_{MACRO}"] = figure[MACRO]
        rows.append({**row, **(facts or {}).get(model, {})})
    return pd.DataFrame(rows)


def best_model(validation: Mapping[str, pd.DataFrame]) -> Best:
    """Choose the best model by its predictions on validation: the test part has no say.

    The rule: the highest balanced accuracy; of equals the highest macro F1; of those still equal
    the lowest log loss; then the one named first.

    Args:
        validation: Each model's table of predictions for the validation part, by model.

    Raises:
        DataError: No model, or one without a labelled validation sample.

    Example:
        >>> from cellclf.evaluation.predictions import predictions_table
        >>> def predicted(*round_probabilities):
        ...     return predictions_table(
        ...         sample_ids=["a", "b"],
        ...         labels=["round", "long"],
        ...         probabilities=[[p, 1 - p] for p in round_probabilities],
        ...         classes=("round", "long"),
        ...     )
        >>> best_model({"small": predicted(0.9, 0.8), "large": predicted(0.6, 0.3)}).reason
        'large has the highest balanced accuracy on validation: 1.0000; next is small with 0.5000.'
    """
    if not validation:
        raise DataError("there must be a model to choose the best from. Received: none")
    for model, table in validation.items():
        if not len(labelled(table)):
            raise DataError(f"model {model!r} must be judged on labelled validation samples")
    if len(validation) == 1:
        return Best(model=next(iter(validation)), reason="It is the only model.")
    left = list(validation)
    for criterion in _CRITERIA:
        figures = {model: round(criterion.of(validation[model]), DIGITS) for model in left}
        ranked = sorted(left, key=lambda model: -criterion.sign * figures[model])
        level = [model for model in ranked if figures[model] == figures[ranked[0]]]
        if len(level) == 1:
            best, following = ranked[0], ranked[1]
            extreme = "highest" if criterion.sign > 0 else "lowest"
            equal = "" if left == [*validation] else "Of those equal so far, "
            return Best(
                model=best,
                reason=f"{equal}{best} has the {extreme} {criterion.name} on validation: "
                f"{figures[best]:.4f}; next is {following} with {figures[following]:.4f}.",
            )
        left = [model for model in left if model in level]
    return Best(model=left[0], reason=f"{', '.join(left)} are equal; {left[0]} is named first.")


def balanced_accuracy(table: pd.DataFrame) -> float:
    """Mean over classes of the share of labelled rows of each that are recognised: 0 to 1."""
    counts = confusion_counts(table).astype(float)
    return float(confusion.mean_over_classes(confusion.recall(counts)))


def _macro_f1(table: pd.DataFrame) -> float:
    counts = confusion_counts(table).astype(float)
    return float(confusion.mean_over_classes(confusion.f1(counts)))


_CRITERIA = (
    _Criterion("balanced accuracy", balanced_accuracy, 1),
    _Criterion("macro F1", _macro_f1, 1),
    _Criterion("log loss", log_loss, -1),
)
