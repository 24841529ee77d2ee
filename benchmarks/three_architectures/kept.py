"""The kept records, read: what every table and plot is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.three_architectures.keeping import ANSWERS
from benchmarks.three_architectures.runs import EPOCHS, FULL, KIND, SECONDS, Run
from benchmarks.three_architectures.training import SPEEDS
from cellclf.evaluation.estimates import headlines
from cellclf.evaluation.predictions import predictions_table
from cellclf.experiment import read_toml
from cellclf.run_directory import read_json
from cellclf.training.history import HISTORY_NAME

__all__ = ["BUDGETS", "FIGURES", "NAMES", "Kept", "Training", "read"]

FIGURES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "f1_macro": "macro F1",
}
"""Headline figures, and what they are called on the page."""

NAMES = {"custom_cnn": "custom CNN", "efficientnet_b4": "EfficientNetB4", "vgg16": "VGG16"}

BUDGETS = (EPOCHS, SECONDS)


@dataclass(frozen=True, kw_only=True)
class Training:
    """One training whose records are kept.

    Attributes:
        run: Which one.
        figures: Value, lower and upper limit of each headline figure.
        facts: Epochs, parameters and seconds.
        history: One row an epoch; in `elapsed`, the seconds until its end.
        speeds: Images a second that the network looks at.
    """

    run: Run
    figures: dict[str, tuple[float, float, float]]
    facts: dict[str, Any]
    history: pd.DataFrame
    speeds: dict[str, Any]

    @property
    def architecture(self) -> str:
        """What people call the architecture."""
        return NAMES.get(self.run.architecture, self.run.architecture)

    @property
    def rate(self) -> float:
        """Images trained on in a second, in the middle epoch."""
        return float(median(self.history["images_per_second"]))


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A comparison whose records are kept.

    Attributes:
        asked: How it was made: `kind`, `settings` and `seconds`.
        trainings: In the order in which they are shown.
        answers: One row a test image; see `keeping`.
        record: Of the first run; what is taken from it is the same in all.
        experiment: Of the first run, likewise.
    """

    asked: dict[str, Any]
    trainings: Sequence[Training]
    answers: pd.DataFrame
    record: dict[str, Any]
    experiment: dict[str, Any]

    def of(self, budget: str) -> list[Training]:
        """The trainings with one of the budgets."""
        return [one for one in self.trainings if one.run.budget == budget]

    @cached_property
    def caption(self) -> str:
        """What the figures rest on, for every table and plot."""
        whole = self.asked["kind"] == FULL and not self.asked["settings"]
        size, shares = self.experiment["data"]["image_size"], self.record["counts"]
        train, test = (sum(shares[part].values()) for part in ("train", "test"))
        cores = self.trainings[0].speeds["processors"]
        cards = [device for device in self.record["devices"] if "cpu" not in device.lower()]
        place = (
            f"on {len(cards)} x {cards[0].split(':')[0]}"
            if cards
            else f"on {cores} processor cores"
        )
        return (
            f"{'Full' if whole else 'Reduced'} comparison: {size} px, {train:,} training images, "
            f"{test:,} test images, {place}."
        )

    def table(self, training: Training) -> pd.DataFrame:
        """The test answers of one training as predictions that are sure of them."""
        labels = self.answers["label"].tolist()
        classes = tuple(sorted({*labels, *self.answers[training.run.name]}))
        top = pd.Categorical(self.answers[training.run.name], categories=classes).codes
        return predictions_table(
            sample_ids=self.answers["sample_id"].tolist(),
            labels=labels,
            probabilities=np.eye(len(classes), dtype=np.float32)[top],
            classes=classes,
        )


def read(results: Path) -> Kept | None:
    """Read what is kept in `results`; `None` where nothing is."""
    if not (results / KIND).exists():
        return None
    names = sorted(file.parent.name for file in results.glob("*/record.json"))
    order = [*NAMES]
    runs = sorted(
        map(Run.named, names),
        key=lambda run: (BUDGETS.index(run.budget), order.index(run.architecture), run.seed),
    )
    first = results / runs[0].name
    return Kept(
        asked=read_json(results / KIND),
        trainings=[_training(run, results / run.name) for run in runs],
        answers=pd.read_csv(results / ANSWERS, keep_default_na=False),
        record=read_json(first / "record.json"),
        experiment=read_toml(first / "experiment.toml"),
    )


def _training(run: Run, place: Path) -> Training:
    metrics = read_json(place / "metrics.json")
    rows = pd.DataFrame(metrics["models"][run.architecture]["estimates"])
    limits = headlines(rows)
    history = pd.read_csv(place / HISTORY_NAME)
    (values,) = metrics["comparison"]
    return Training(
        run=run,
        figures={name: (values[name], *limits[name]) for name in FIGURES},
        facts=read_json(place / "facts.json"),
        history=history.assign(elapsed=history["seconds"].cumsum()),
        speeds=read_json(place / SPEEDS),
    )
