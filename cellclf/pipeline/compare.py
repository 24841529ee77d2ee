"""Comparing the models of runs: what may be said of them, and of their architectures."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.errors import DataError, RunError
from cellclf.evaluation.bootstrap import RESAMPLES
from cellclf.evaluation.versus import FEWEST_SEEDS, Versus, architectures, versus
from cellclf.files import write_json
from cellclf.pipeline.evaluate import LEAKY, SYNTHETIC, core_metrics
from cellclf.pipeline.finished import FinishedRun
from cellclf.run_directory import RunDirectory

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
        if any(seeds < FEWEST_SEEDS for seeds in self.seeds.values()):
            counts = ", ".join(f"{name} {seeds}" for name, seeds in self.seeds.items())
            lines.append(
                f"This is said of the trained models. Of architectures nothing is said with fewer "
                f"than {FEWEST_SEEDS} seeds each; there are: {counts}."
            )
        return "\n".join([*lines, *self.notes])

    def write_json(self, path: Path) -> None:
        """Write everything as JSON; the file appears whole or not at all."""
        write_json(
            path,
            {
                "models": [
                    {"best": found.best, "differences": found.table.to_dict("records")}
                    for found in self.models
                ],
                "architectures": self.architectures.to_dict("records"),
                "seeds": dict(self.seeds),
                "notes": list(self.notes),
            },
        )


@dataclass(frozen=True, kw_only=True)
class _Model:
    """One trained model of a run, judged on its test part."""

    name: str
    architecture: str
    seed: int
    table: pd.DataFrame
    units: NDArray[np.intp]

    @property
    def accuracy(self) -> float:
        return float((self.table["label"] == self.table["top_class"]).mean())


def compare(
    runs: Sequence[FinishedRun | str | Path], *, resamples: int = RESAMPLES, seed: int = 0
) -> Comparison:
    """Compare the models of runs on their test parts, each pair on the same samples.

    Of architectures something is said where three runs or more hold both, with different seeds;
    each run is then one observation. No network is needed.

    Args:
        runs: Complete runs, or their directories.
        resamples: How often units are drawn anew for differences of figures that are no shares.
        seed: Decides every draw.

    Raises:
        RunError: A directory holds no complete run.
        DataError: There are no two models to compare.
    """
    finished = [run if isinstance(run, FinishedRun) else FinishedRun(Path(run)) for run in runs]
    paths = [run.path.resolve() for run in finished]
    if len(set(paths)) < len(paths):
        raise RunError("a run must be named once. Received: one of them twice")
    models = [model for run in finished for model in _models(run, alone=len(finished) == 1)]
    if len(models) < 2:
        raise DataError(
            "there must be two models to compare, in one run or in several. "
            f"Received: {', '.join(model.name for model in models) or 'none'}"
        )
    metrics = core_metrics()
    alike: defaultdict[frozenset[str], list[_Model]] = defaultdict(list)
    for model in models:
        alike[frozenset(model.table["sample_id"])].append(model)
    trainings = pd.DataFrame(
        [
            {"architecture": one.architecture, "seed": one.seed, "accuracy": one.accuracy}
            for one in models
        ]
    )
    return Comparison(
        models=tuple(
            versus(
                {model.name: model.table for model in judged},
                metrics,
                units=judged[0].units,
                resamples=resamples,
                seed=seed,
            )
            for judged in alike.values()
            if len(judged) > 1
        ),
        architectures=architectures(trainings),
        seeds={
            str(name): int(seeds)
            for name, seeds in trainings.groupby("architecture")["seed"].nunique().items()
        },
        notes=tuple(
            note
            for holds, note in (
                (any(run.leaky for run in finished), LEAKY),
                (any(run.record["synthetic"] for run in finished), SYNTHETIC),
            )
            if holds
        ),
    )


def _models(run: FinishedRun, *, alone: bool) -> list[_Model]:
    directory = RunDirectory(run.path)
    chosen: Mapping[str, Mapping[str, Any]] = directory.experiment()["models"]
    division = pd.read_csv(directory.division_file, dtype=str, keep_default_na=False)
    unit = division.set_index("sample_id")["unit"]
    models = []
    for label, choice in chosen.items():
        predictions = run.predictions(label)
        table = predictions[predictions["split"] == "test"].reset_index(drop=True)
        models.append(
            _Model(
                name=label if alone else f"{run.path.name}/{label}",
                architecture=str(choice.get("use") or label),
                seed=int(run.record["seed"]),
                table=table,
                units=unit.loc[table["sample_id"]].to_numpy().astype(np.intp),
            )
        )
    return models


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
