"""Comparing the models of runs: what may be said of them, and of their architectures."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.errors import DataError, RunError
from cellclf.evaluation.versus import FEWEST_SEEDS, Versus, adjusted, architectures, versus
from cellclf.files import finite
from cellclf.pipeline.caveats import caveats_of_figures
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.metrics import core_metrics
from cellclf.pipeline.sources import units_in
from cellclf.run_directory import RunDirectory
from cellclf.spreadsheets import read_texts
from cellclf.terms import RESAMPLES

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What may be said of the models of some runs, and of their architectures.

    Attributes:
        models: One comparison for each set of test samples that two models or more were judged on.
        architectures: Pairs of architectures over seeds; see `cellclf.evaluation.versus`.
        seeds: Different seeds that each architecture was trained with.
        notes: What a reader must know of the figures.
    """

    models: tuple[Versus, ...]
    architectures: pd.DataFrame
    seeds: Mapping[str, int]
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return what may be said as text."""
        lines: list[str] = []
        for found in self.models:
            lines += [*(pair.sentence for pair in found.pairs), found.best, ""]
            lines += [_differences(found.table), ""]
        lines += [*map(_of_architectures, self.architectures.to_dict("records"))]
        if not len(self.architectures):
            counts = ", ".join(f"{name} {seeds}" for name, seeds in self.seeds.items())
            lines.append(
                "This is said of the trained models. Of architectures nothing is said with fewer "
                f"than {FEWEST_SEEDS} seeds that two of them share, all else being equal; there "
                f"are: {counts}."
            )
        return "\n".join([*lines, *self.notes])

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values; a figure that there is not is `None`."""
        return {
            "models": [
                {"best": found.best, "differences": finite(found.table.to_dict("records"))}
                for found in self.models
            ],
            "architectures": finite(self.architectures.to_dict("records")),
            "seeds": dict(self.seeds),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, kw_only=True)
class _Model:
    """One trained model of a run, judged on its test part."""

    name: str
    architecture: str
    seed: int
    conditions: str
    table: pd.DataFrame
    units: NDArray[np.intp]
    test_to_train: float

    @property
    def accuracy(self) -> float:
        return float((self.table["label"] == self.table["top_class"]).mean())

    @property
    def judged_on(self) -> frozenset[str]:
        """Ids of its test samples."""
        return frozenset(self.table["sample_id"])


def compare(
    runs: Sequence[FinishedRun | str | Path], *, resamples: int = RESAMPLES, seed: int = 0
) -> Comparison:
    """Compare the models of runs on their test parts, each pair on the same samples.

    Of architectures something is said where three runs or more hold both, on the same images and
    with the same experiment but for the seed; each run is then one observation. No network is
    needed.

    Args:
        runs: Complete runs, or their directories.
        resamples: How often units are drawn anew for differences of figures that are no shares.
        seed: Decides every draw.

    Raises:
        RunError: A directory holds no complete run, or one is named twice.
        DataError: There are no two models to compare on the same test samples.
    """
    finished = [run if isinstance(run, FinishedRun) else FinishedRun(Path(run)) for run in runs]
    if len({run.path.resolve() for run in finished}) < len(finished):
        raise RunError("a run must be named once. Received: one of them twice")
    names = _names(finished)
    models = [
        model for run, name in zip(finished, names, strict=True) for model in _models(run, name)
    ]
    if len(models) < 2:
        raise DataError(
            "there must be two models to compare, in one run or in several. "
            f"Received: {', '.join(model.name for model in models) or 'none'}"
        )
    alike: defaultdict[frozenset[str], list[_Model]] = defaultdict(list)
    for model in models:
        alike[model.judged_on].append(model)
    architectures_told = _of_seeds(models)
    if len(alike) == len(models) and not len(architectures_told):
        raise DataError(
            "models are compared on the same test samples, and no two of these were judged on the "
            f"same: {', '.join(f'{model.name} on {len(model.table):,}' for model in models)}. Runs "
            "share their test part where data, split and seed are the same"
        )
    metrics = core_metrics()
    found = [
        versus(
            {model.name: model.table for model in judged},
            metrics,
            units=judged[0].units,
            resamples=resamples,
            seed=seed,
        )
        for judged in alike.values()
        if len(judged) > 1
    ]
    alone = [judged[0].name for judged in alike.values() if len(judged) == 1]
    return Comparison(
        models=_adjusted_together(found),
        architectures=architectures_told,
        seeds=_seeds(models),
        notes=(
            *(
                f"{name} was judged on other test samples, and is compared with none."
                for name in alone
            ),
            *caveats_of_figures(
                leaky=any(run.leaky for run in finished),
                synthetic=any(run.record["synthetic"] for run in finished),
            ),
        ),
    )


def _adjusted_together(found: Sequence[Versus]) -> tuple[Versus, ...]:
    """The same, with p-values that are adjusted for all pairs that are spoken of."""
    pairs = iter(adjusted([pair for one in found for pair in one.pairs]))
    return tuple(replace(one, pairs=tuple(islice(pairs, len(one.pairs)))) for one in found)


def _names(runs: Sequence[FinishedRun]) -> list[str]:
    """What tells runs apart: nothing where there is one, else the end of their paths."""
    if len(runs) == 1:
        return [""]
    short = [run.path.resolve().name for run in runs]
    return short if len(set(short)) == len(short) else [str(run.path) for run in runs]


def _models(run: FinishedRun, name: str) -> list[_Model]:
    directory = RunDirectory(run.path)
    experiment = directory.experiment()
    choices: Mapping[str, Mapping[str, Any]] = experiment["models"]
    division = read_texts(directory.division_file)
    parts = division["part"].value_counts()
    alike = {
        key: value for key, value in experiment.items() if key not in ("seed", "out", "models")
    }
    models = []
    for label, choice in choices.items():
        predictions = run.predictions(label)
        table = predictions[predictions["split"] == "test"].reset_index(drop=True)
        models.append(
            _Model(
                name=f"{name}/{label}" if name else label,
                architecture=_architecture(label, choice),
                seed=int(run.record["seed"]),
                conditions=json.dumps([alike, run.record["data_fingerprint"]], sort_keys=True),
                table=table,
                units=units_in(division, table),
                test_to_train=float(parts.get("test", 0) / max(parts.get("train", 0), 1)),
            )
        )
    return models


def _architecture(label: str, choice: Mapping[str, Any]) -> str:
    """What was trained: the architecture, and its parameters where there are any."""
    params = choice.get("params") or {}
    said = ", ".join(f"{key}={value}" for key, value in params.items())
    return f"{choice.get('use') or label}{f' ({said})' if said else ''}"


def _of_seeds(models: Sequence[_Model]) -> pd.DataFrame:
    """What is said of architectures, among trainings under the same conditions."""
    under: defaultdict[str, list[_Model]] = defaultdict(list)
    for model in models:
        under[model.conditions].append(model)
    most = max(under.values(), key=len)
    divided_anew = len({model.judged_on for model in most}) > 1
    return architectures(
        pd.DataFrame(
            [
                {
                    "architecture": one.architecture,
                    "seed": one.seed,
                    "accuracy": one.accuracy,
                    "overlap": one.test_to_train if divided_anew else 0.0,
                }
                for one in most
            ]
        )
    )


def _seeds(models: Sequence[_Model]) -> dict[str, int]:
    """Most seeds under the same conditions of each architecture."""
    seeds: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for model in models:
        seeds[model.architecture, model.conditions].add(model.seed)
    found: dict[str, int] = {}
    for (architecture, _), of in seeds.items():
        found[architecture] = max(found.get(architecture, 0), len(of))
    return found


def _differences(table: pd.DataFrame) -> str:
    rows = [
        (
            f"{row['first']} less {row['second']}",
            row["figure"],
            f"{row['difference']:+.4f}",
            "" if math.isnan(row["low"]) else f"{row['low']:+.4f} to {row['high']:+.4f}",
        )
        for row in table.to_dict("records")
    ]
    columns = ["models", "figure", "difference", "95 % interval"]
    return pd.DataFrame(rows, columns=columns).to_string(index=False)


def _of_architectures(row: Mapping[Any, Any]) -> str:
    """What is said of two architectures over seeds."""
    low, high = 100 * row["low"], 100 * row["high"]
    within = "" if math.isnan(low) else f" ({low:+.1f} to {high:+.1f})"
    gap = f"{100 * row['difference']:+.1f} points{within} over {row['seeds']} seeds"
    gap += f", p = {row['p_holm']:.2g}"
    first, second = row["first"], row["second"]
    if not row["apart"]:
        return f"As architectures, {first} and {second} are not told apart: {gap}."
    better, worse = (first, second) if row["difference"] > 0 else (second, first)
    return f"As architectures, {better} is more accurate than {worse}: {gap}."
