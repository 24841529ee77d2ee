"""Judging predictions, whoever made them: from a file to figures with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from cellclf.checking import Chosen, choose
from cellclf.errors import DataError
from cellclf.evaluation.bootstrap import RESAMPLES
from cellclf.evaluation.estimates import estimates
from cellclf.evaluation.evaluation import Evaluation
from cellclf.evaluation.foreign import read_any_predictions
from cellclf.evaluation.judge import confusion_counts
from cellclf.evaluation.metric import Metric
from cellclf.evaluation.prediction_files import Sidecar, read_sidecar
from cellclf.evaluation.predictions import checked_table, classes_of, labelled
from cellclf.pipeline.metrics import bound_metrics
from cellclf.registry import Registry, installed
from cellclf.specs import MetricSpec
from cellclf.terms import Part

__all__ = ["LEAKY", "SYNTHETIC", "core_metrics", "evaluate"]

LEAKY = "Leaky: these figures come from a split that leaks, and look better than they are."
SYNTHETIC = "Synthetic: the images are rendered; the figures say nothing of cells."


def evaluate(
    predictions: pd.DataFrame | str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    metrics: Sequence[str] | None = None,
    part: Part | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Judge predictions, with a 95 % interval for every figure. No network is needed.

    Rows that share a value in `group` belong together, and intervals are as wide as that makes
    them. What the predictions come from does not matter: a run, `Classifier.predict`, or another
    program.

    Args:
        predictions: A table of predictions, or a `.csv` or `.parquet` file of a run or of another
            program.
        columns: Name of the file's column by the name that it has here: `label`, `group`,
            `sample_id`, `path`, `split`, or `p_<class>`, where these differ.
        metrics: Names of metrics; all that cellclf brings where it is left out.
        part: Judge the rows of this part; where the table has several, `test` by default.
        resamples: How often units are drawn anew for figures that are no shares of samples.
        seed: Decides every draw.

    Raises:
        DataError: The file cannot be read or understood, or nothing in it has a label.
        PluginError: There is no such metric.
    """
    notes: tuple[str, ...] = ()
    if isinstance(predictions, pd.DataFrame):
        name, table = "predictions", checked_table(predictions)
    else:
        path = Path(predictions)
        name, table = str(path), read_any_predictions(path, columns)
        notes = _notes(path)
    table, judged = _part(table, part)
    known = labelled(table)
    if not len(known):
        raise DataError(
            f"{name}: no row{judged} has a label, so there is nothing to judge them by. Labels "
            "stand in the column 'label'"
        )
    return Evaluation(
        name=f"{name}{judged}",
        classes=classes_of(table),
        estimates=estimates(
            table,
            core_metrics() if metrics is None else bound_metrics(_chosen(metrics, installed())),
            resamples=resamples,
            seed=seed,
        ),
        confusion=confusion_counts(table),
        unlabelled=len(table) - len(known),
        notes=notes,
    )


def core_metrics() -> tuple[Metric, ...]:
    """Return the metrics that cellclf brings, ready to be called."""
    registry = installed()
    names = [registry.reference(MetricSpec, name) for name in registry.core_names(MetricSpec)]
    return bound_metrics(_chosen(names, registry))


def _chosen(names: Sequence[str], registry: Registry) -> dict[str, Chosen[MetricSpec]]:
    return {
        name: choose(MetricSpec, name, {}, registry, at="metrics", params_at="params")
        for name in names
    }


def _part(table: pd.DataFrame, part: Part | None) -> tuple[pd.DataFrame, str]:
    """The rows of one part, and what it is called; all where there are no parts."""
    there = [name for name in table["split"].unique() if name]
    if part is None:
        if len(there) < 2:
            return table, ""
        part = "test"
    if part not in there:
        raise DataError(
            f"there must be rows of the part {part!r}. Received: "
            f"{', '.join(map(repr, there)) or 'rows of no part'}"
        )
    return table[table["split"] == part].reset_index(drop=True), f", part {part}"


def _notes(path: Path) -> tuple[str, ...]:
    """What the sidecar of a run's predictions says that a reader must know."""
    if not path.with_suffix(".json").is_file():
        return ()
    try:
        sidecar: Sidecar = read_sidecar(path.with_suffix(""))
    except DataError:
        return ()  # a JSON file of another program
    return tuple(
        note for holds, note in ((sidecar.leaky, LEAKY), (sidecar.synthetic, SYNTHETIC)) if holds
    )
