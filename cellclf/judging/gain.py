"""What views and ensembles of a run's models gain, and what they cost: measured on its images."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cellclf.checking import data_plan
from cellclf.data.samples import Samples
from cellclf.data.store import ImageStore, open_store
from cellclf.engines.engine import KERAS
from cellclf.engines.speed import measure
from cellclf.engines.views import views_named
from cellclf.errors import DataError, LeakageWarning, RunError
from cellclf.evaluation.gain import gains
from cellclf.evaluation.sources import refuse_seen
from cellclf.files import cache_folder, finite
from cellclf.inference.classifier import Classifier
from cellclf.inference.loading import averaging, load_bundles
from cellclf.pipeline.caveats import caveats_of_figures
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.prepare import load_samples
from cellclf.pipeline.sources import group_text, units_in
from cellclf.progress import Progress, Silent
from cellclf.registry import installed
from cellclf.run_directory import RunDirectory
from cellclf.spreadsheets import read_texts, write_table
from cellclf.terms import MISSING, Part, Views, percent

__all__ = ["Gain", "gain"]

SPEEDS = ("images_per_second", "times_as_long")

OF_PARTS: Mapping[Part, str] = {
    "validation": "Judged on validation, which training was stopped and the best model chosen by: "
    "figures look better than on new images. Choose by these, and open the test part once, for "
    "what was chosen.",
    "calibration": "Judged on calibration, which temperature and thresholds were fitted to with a "
    "single view: calibration and shares of the first row look better than on new images.",
    "test": "The test part was opened for this. Whoever chooses by these figures has none left "
    "that say how good the choice is: choose on validation.",
}
"""What is said of figures of a part that they must not be taken for."""


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What views and ensembles gain over a single look of the best model, and what they cost.

    Attributes:
        run: The run directory.
        part: The part of its images that was judged.
        engine: What computed.
        table: One row a way of answering, the plain one first: the columns of
            `cellclf.evaluation.gain.COLUMNS`, then `images_per_second` (decoded already) and
            `times_as_long` as the plain one takes.
        notes: What a reader must know of the figures.
    """

    run: Path
    part: Part
    engine: str
    table: pd.DataFrame
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return everything as text."""
        rows = self.table.to_dict("records")
        worth = pd.DataFrame([_worth(row) for row in rows]).to_string(index=False, justify="left")
        gained = pd.DataFrame([_gained(row) for row in rows]).to_string(index=False, justify="left")
        compared = "Differences of accuracy are paired, with 95 % intervals; p-values are adjusted."
        costs = f"Images a second with {self.engine}, decoded already, as measured here."
        return "\n".join([worth, "", gained, "", f"{compared} {costs}", *self.notes])

    def write_csv(self, path: Path) -> None:
        """Write the table as CSV; the file appears whole or not at all."""
        write_table(self.table, path)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values; a figure that there is not is `None`."""
        return {
            "run": str(self.run),
            "part": self.part,
            "engine": self.engine,
            "ways": finite(self.table.to_dict("records")),
            "notes": list(self.notes),
        }


def gain(
    run: FinishedRun | str | Path,
    *,
    views: Views = "none",
    ensemble: bool = False,
    part: Part = "validation",
    engine: str = KERAS,
    before_network: Callable[[], None] | None = None,
    progress: Progress | None = None,
) -> Gain:
    """Measure what views, or all models of a run together, gain over its best model's single look.

    Predictions are computed anew, of images that the run keeps from training.

    Args:
        run: A complete run, or its directory; its images must be where they were.
        views: From which sides images are looked at; see `cellclf.load`.
        ensemble: Whether the models of the run answer together, the best deciding.
        part: Whose images. Choices are made on validation; the test part is for a choice that was
            made.
        engine: What computes; see `cellclf.load`.
        before_network: See `cellclf.load`.
        progress: Told how far the work has come.

    Raises:
        RunError: There is no complete run, or it holds one model where an ensemble is asked for.
        DataError: Neither views nor an ensemble are asked for, there are no images in the part, or
            they are not those of the run.
        LeakageError: A model was trained on some of them.
        BundleError: A model cannot be read, or the models cannot answer together.
    """
    listener = progress or Silent()
    finished = run if isinstance(run, FinishedRun) else FinishedRun(Path(run))
    sides = views_named(views)
    labels = _labels(finished, ensemble=ensemble)
    if sides == "none" and not ensemble:
        raise DataError(
            "there must be something to compare the best model with: views (--views), the models "
            "of the run together (--ensemble), or both. Received: neither"
        )
    images = _images(finished, part, listener)
    members = []
    for label in labels:
        one = load_bundles(
            finished.bundle(label),
            engine=engine,
            before_network=before_network,
            progress=listener,
        )
        if not finished.leaky:
            refuse_seen(images.ids, images.store.content, one.trained, model=label)
        members.append(one)
    ways = _ways(members, sides, ensemble=ensemble)
    tables, speeds = {}, {}
    with listener.task("Judging", len(ways)) as task:
        for name, way in ways.items():
            tables[name] = images.answered_by(way)
            speeds[name] = measure(way.engine, way.image_size).images_per_second
            task.advance()
    division = read_texts(RunDirectory(finished.path).division_file)
    table = gains(tables, units=units_in(division, next(iter(tables.values()))))
    rates = table["way"].map(speeds)
    return Gain(
        run=finished.path,
        part=part,
        engine=" + ".join(dict.fromkeys(one.engine.name for one in members)),
        table=table.assign(**dict(zip(SPEEDS, (rates, rates.iloc[0] / rates), strict=True))),
        notes=(
            OF_PARTS[part],
            *caveats_of_figures(leaky=finished.leaky, synthetic=finished.record["synthetic"]),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Images:
    """The images of one part of a run."""

    part: Part
    samples: Samples
    store: ImageStore

    @property
    def ids(self) -> list[str]:
        return [sample.id for sample in self.samples]

    def answered_by(self, classifier: Classifier) -> pd.DataFrame:
        """What a classifier says of them, with what is known of them."""
        if classifier.classes != self.samples.classes:
            raise DataError(
                f"the images must be of the classes {', '.join(classifier.classes)}, which the run "
                f"was trained on. Received: {', '.join(self.samples.classes)}"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LeakageWarning)  # of a leaky run; the notes say it
            table = classifier.predict(self.store.images)
        known = {
            "sample_id": self.ids,
            "path": [sample.path or "" for sample in self.samples],
            "group": [group_text(sample) for sample in self.samples],
            "split": [self.part] * len(self.samples),
            "label": [sample.label for sample in self.samples],
        }
        return table.assign(**{name: pd.Series(of, dtype="str") for name, of in known.items()})


def _labels(finished: FinishedRun, *, ensemble: bool) -> list[str]:
    """The models that take part, the best first."""
    if not ensemble:
        return [finished.best]
    labels = [finished.best, *(one for one in finished.metrics["models"] if one != finished.best)]
    if len(labels) < 2:
        raise RunError(
            f"{finished.path} holds one model, {labels[0]}: an ensemble needs two or more, trained "
            "in one run"
        )
    return labels


def _images(finished: FinishedRun, part: Part, progress: Progress) -> _Images:
    """The images of a part, as the run saw them.

    Raises:
        DataError: There are none, or they are others now.
    """
    if part not in OF_PARTS:
        raise DataError(
            f"`part` must be one of {', '.join(OF_PARTS)}: nobody is judged by what was trained "
            f"on. Received: {part!r}"
        )
    directory = RunDirectory(finished.path)
    planned = data_plan(directory.experiment(), installed(), source=str(finished.path))
    division = read_texts(directory.division_file)
    content = dict(division.loc[division["part"] == part, ["sample_id", "content"]].to_numpy())
    samples = load_samples(planned)
    kept = samples.keep(np.array([sample.id in content for sample in samples], np.bool_))
    if not len(kept) or len(kept) < len(content):
        raise DataError(
            f"{finished.path} has {len(content):,} images in the part {part}, and "
            f"{planned.experiment.data.path} holds {len(kept):,} of them: the data must be as the "
            "run saw it"
        )
    data = planned.experiment.data
    store = open_store(
        kept, size=data.image_size, mode=data.resize, cache=cache_folder(), progress=progress
    )
    changed = [
        sample.id
        for sample, now in zip(kept, store.content, strict=True)
        if content[sample.id] != now
    ]
    if changed:
        raise DataError(
            f"{len(changed):,} images of the part {part} have changed since the run, such as "
            f"{changed[0]}: the data must be as the run saw it"
        )
    return _Images(part=part, samples=kept, store=store)


def _ways(members: list[Classifier], views: Views, *, ensemble: bool) -> dict[str, Classifier]:
    """Every way of answering that is asked about, by its name, the plain one first."""
    best = members[0]
    ways = {best.name: best}
    together = " + ".join(one.name for one in members)
    if views != "none":
        ways[f"{best.name}, {views}"] = averaging([best], views=views)
    if ensemble:
        ways[together] = averaging(members)
    if ensemble and views != "none":
        ways[f"{together}, {views}"] = averaging(members, views=views)
    return ways


def _worth(row: Mapping[Any, Any]) -> dict[str, str]:
    """A row of the table of what each way is worth by itself, as text."""
    return {
        "": str(row["way"]),
        "accuracy": _within(row["accuracy"], row["low"], row["high"], "{:.4f}"),
        "macro F1": f"{row['f1_macro']:.4f}",
        "ECE": f"{row['calibration_error']:.4f}",
        "log loss": f"{row['log_loss']:.4f}",
        "without a person": percent(row["accepted"]),
        "right of those": percent(row["accepted_accuracy"]),
        "refused": percent(row["refused"]),
    }


def _gained(row: Mapping[Any, Any]) -> dict[str, str]:
    """A row of the table of gain and cost, as text."""
    plain = pd.isna(row["difference"])
    value, low, high = (100 * row[f"difference{end}"] for end in ("", "_low", "_high"))
    return {
        "": str(row["way"]),
        "points of accuracy": MISSING if plain else _within(value, low, high, "{:+.2f}"),
        "samples won and lost": MISSING if plain else f"+{row['gained']} -{row['lost']}",
        "p": MISSING if plain else f"{row['p_value']:.2g}",
        "images a second": f"{row['images_per_second']:,.0f}",
        "times as long": f"{row['times_as_long']:.1f}",
    }


def _within(value: float, low: float, high: float, form: str) -> str:
    interval = "" if np.isnan(low) else f" ({form.format(low)} to {form.format(high)})"
    return f"{form.format(value)}{interval}"
