"""The report of a run: one HTML file that needs nothing else, no network and no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cellclf.auditing.class_sizes import ClassSize
from cellclf.auditing.findings import Finding
from cellclf.auditing.summary import grouped
from cellclf.evaluation.confusion import MACRO
from cellclf.evaluation.gates import Held
from cellclf.reporting import wording
from cellclf.reporting.card import NOT_STATED, model_card
from cellclf.reporting.checklist import checklists
from cellclf.reporting.pages import environment, write_page
from cellclf.reporting.shown import ShownCell

__all__ = ["DatasetFacts", "Exhibit", "ModelReport", "Picture", "Report", "write_report"]

SECTIONS = {
    "verdict": "Verdict",
    "figures": "Figures",
    "mistakes": "Mistakes",
    "certainty": "Certainty",
    "refuses": "Refusals",
    "others": "Other models",
    "data": "Data",
    "method": "Method",
    "card": "Model card",
    "limits": "Limits",
    "checklists": "Checklists",
}
"""What a reader may ask, in that order: where it stands in the page, and what its link says."""

Picture = Figure | bytes
"""A figure, or the bytes of a PNG, JPEG or SVG file."""


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """What is known of the images as a whole; empty where nothing is.

    Attributes:
        name: What the experiment calls the dataset.
        licence: Licence of the images.
        citation: How to cite them.
        homepage: Where they can be had; a link when it is an http or https address.
        place: The folder or file that was read.
    """

    name: str
    licence: str = ""
    citation: str = ""
    homepage: str = ""
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A picture with what must be said of it.

    Attributes:
        heading: What stands above it; nothing where it belongs to what is before it.
        picture: The picture.
        shows: What somebody who cannot see it is told.
        caption: How it is read.
        wide: It fills the column; else it stands beside another.
    """

    heading: str = ""
    picture: Picture
    shows: str
    caption: str = ""
    wide: bool = True


@dataclass(frozen=True, kw_only=True)
class ModelReport:
    """What came of one model.

    Attributes:
        name: What the run calls it.
        metrics: Figures on the test part, by name, in the order to be shown.
        per_class: Figures on the test part, one row a class (its name is the index), columns such
            as `precision`, `recall`, `f1` and `support`.
        confusion: `(classes, classes)` counts on the test part; a row is a true class.
        intervals: Lower and upper limit of figures on the test part, by metric and by class,
            `"macro"` or nothing.
        epochs: How many epochs were trained.
        best_epoch: The one whose weights were kept, counted from 1.
        stopped_early: Training ended before the epochs asked for, as nothing improved any more.
        calibration: What came of calibration, a sentence each; none where it is not calibrated.
        calibration_chart: See `cellclf.reporting.confidence_plots.calibration_chart`.
        refusals: What it leaves to a person, and what came of that, a sentence each.
        refused: Pictures of what it leaves to a person.
        coverage: How often the set of possible classes holds the true one: one row a class (its
            name is the index), columns `covered`, `samples`, `low` and `high`.
        unidentified: How many cells of each class are called none of the classes: one row a class,
            columns `refused`, `samples`, `low` and `high`; `None` where no cell ever is.
        learning_curves: See `cellclf.reporting.plots.learning_curves`.
        confusion_matrices: See `cellclf.reporting.plots.confusion_matrix`, in either form.
        mistakes: The surest mistakes; see `cellclf.reporting.shown.shown_cells`.
        review: The least sure answers of those that are for review; likewise.
        maps: How maps beside these cells say where answers came from, by what they are called.
        without_maps: Why there is no map, or none of some kind.
    """

    name: str
    metrics: Mapping[str, float]
    per_class: pd.DataFrame
    confusion: NDArray[np.int_]
    intervals: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    epochs: int
    best_epoch: int
    stopped_early: bool = False
    calibration: tuple[str, ...] = ()
    calibration_chart: Picture | None = None
    refusals: tuple[str, ...] = ()
    refused: tuple[Exhibit, ...] = ()
    coverage: pd.DataFrame | None = None
    unidentified: pd.DataFrame | None = None
    learning_curves: Picture | None = None
    confusion_matrices: tuple[Picture, ...] = ()
    mistakes: tuple[ShownCell, ...] = ()
    review: tuple[ShownCell, ...] = ()
    maps: Mapping[str, str] = field(default_factory=dict)
    without_maps: str = ""

    def interval(self, metric: str, of: str = "") -> tuple[float, float] | None:
        """The interval of a figure, or of the mean over classes that `metric` ends in."""
        stem = metric.removesuffix(f"_{MACRO}")
        return self.intervals.get((stem, MACRO) if stem != metric else (metric, of))

    @property
    def total(self) -> int:
        """Number of test cells."""
        return int(self.confusion.sum())

    @property
    def right(self) -> int:
        """Number of test cells whose own class was predicted."""
        return int(np.trace(self.confusion))

    @property
    def hardest(self) -> tuple[str, int, int] | None:
        """The class with the lowest recall: its name, cells found, cells; `None` without any."""
        cells = self.confusion.sum(axis=1)
        if not cells.any():
            return None
        found = np.diag(self.confusion)
        row = int(np.argmin(np.where(cells > 0, found / np.maximum(cells, 1), np.inf)))
        return str(self.per_class.index[row]), int(found[row]), int(cells[row])

    def cells_of(self, name: str) -> int:
        """Number of test cells of a class."""
        return int(self.confusion[list(self.per_class.index).index(name)].sum())

    @property
    def least_known(self) -> tuple[list[str], float] | None:
        """The classes of which the fewest may be found by their intervals, and that share."""
        low = {of: ends[0] for (metric, of), ends in self.intervals.items() if metric == "recall"}
        known = {name: low[name] for name in map(str, self.per_class.index) if name in low}
        known = {name: share for name, share in known.items() if not np.isnan(share)}
        if not known:
            return None
        least = min(known.values())
        # As they are written: what reads the same is the same.
        alike = [name for name in known if wording.percent(known[name]) == wording.percent(least)]
        return alike, least

    def taken_for(self, row: int) -> tuple[str, int] | None:
        """The wrong class that class number `row` was most often taken for, and how often."""
        predicted = self.confusion[row].copy()
        predicted[row] = 0
        most = int(np.argmax(predicted))
        return (str(self.per_class.index[most]), int(predicted[most])) if predicted[most] else None

    @property
    def mistaken(self) -> list[tuple[str, str, int]]:
        """True class, predicted class and number of each mistake, the most frequent first."""
        names = [str(name) for name in self.per_class.index]
        wrong = self.confusion * ~np.eye(len(names), dtype=bool)
        found = [
            (names[row], names[column], int(wrong[row, column]))
            for row, column in np.argwhere(wrong)
        ]
        return sorted(found, key=lambda mistake: -mistake[2])

    @property
    def commonest_mistake(self) -> tuple[str, str, int] | None:
        """True class, predicted class and number of the most frequent mistake, if there is any."""
        return next(iter(self.mistaken), None)


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that a report says, as plain values.

    Attributes:
        title: Heading of the page.
        dataset: What was read.
        counts: Number of images, one row a class (its name is the index), one column a part.
        comparison: One row a model (its name is the index). Columns that start with `validation_`,
            `network_` or `training_` are shown as such, all others as figures on the test part.
        best_model: Name of the model that was chosen.
        reason: A sentence that says how it was chosen.
        models: What came of each model; the chosen one is shown first.
        experiment: The resolved experiment as TOML.
        seed: Seed of the run.
        versions: Versions of what the run was made with, by name.
        timings: Seconds that each step took, by name.
        facts: Anything else that the run's record says, such as a fingerprint of the data.
        findings: What the audit found.
        sources: How much there is of each class; shown beside `counts` where it is given.
        probe: What the background probe found, a sentence.
        audit_page: Address of the audit's own page, relative to the report.
        warnings: What the user should know of the split and the run.
        left_out: Why images are in no part, by file.
        leaks: What the given split separates although it belongs together, one sentence each; with
            any, the page says at every figure that it is leaky.
        synthetic: The images are rendered, not photographed.
        calibrated: Confidences were calibrated.
        groups_known: It is known which images belong together, such as those of a patient.
        gates: What came of the quality gates, which the chosen model must reach.
        stated: What only a person knows, by name, as the experiment's table `card` has it.
        made: How it was made, a heading and sentences each, in order.
        methods: How the intervals were computed.
        written: When, as an ISO date and time.
        card_file: Address of the model card as a file, relative to the report.
        class_balance: See `cellclf.reporting.plots.class_balance`.
        samples: See `cellclf.reporting.sheets.sample_sheet`.
        augmented: See `cellclf.reporting.sheets.augmented_sheet`.
    """

    title: str
    dataset: DatasetFacts
    counts: pd.DataFrame
    comparison: pd.DataFrame
    best_model: str
    reason: str
    models: tuple[ModelReport, ...]
    experiment: str
    seed: int
    versions: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    sources: Sequence[ClassSize] = ()
    probe: str = ""
    audit_page: str = ""
    warnings: Sequence[str] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    leaks: Sequence[str] = ()
    synthetic: bool = False
    calibrated: bool = False
    groups_known: bool = True
    gates: Sequence[Held] = ()
    stated: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, str] = field(default_factory=dict)
    methods: Sequence[str] = ()
    written: str = ""
    card_file: str = ""
    class_balance: Picture | None = None
    samples: Picture | None = None
    augmented: Picture | None = None

    def __post_init__(self) -> None:
        names = [model.name for model in self.models]
        if self.best_model not in names:
            raise ValueError(
                f"`best_model` must be one of {', '.join(names)}. Received: {self.best_model!r}"
            )

    @property
    def best(self) -> ModelReport:
        """The model that was chosen."""
        return next(model for model in self.models if model.name == self.best_model)

    @property
    def smallest(self) -> tuple[str, int] | None:
        """The class with the fewest test cells, and how many; `None` without a test part."""
        if "test" not in self.counts or not self.counts["test"].any():
            return None
        cells = self.counts["test"]
        present = cells[cells > 0]
        return str(present.index[int(np.argmin(present))]), int(present.min())


def write_report(path: Path, report: Report) -> None:
    """Write `report` to `path` as one HTML file; it appears whole or not at all.

    Raises:
        RunError: The place cannot be written to.
    """
    template = environment().get_template("report.html")
    page = template.render(
        report=report,
        sections=SECTIONS,
        best=report.best,
        others=[model for model in report.models if model is not report.best],
        findings=grouped(report.findings),
        sources={size.name: size for size in report.sources},
        compared=report.comparison.astype("object"),
        column_groups=[
            group
            for group in _column_groups([str(name) for name in report.comparison.columns])
            # Of one model the figures on test stand above already.
            if group[1] or len(report.models) > 1
        ],
        timings=[(step, wording.duration(time)) for step, time in report.timings.items()],
        card=model_card(report),
        checklists=checklists(report),
        not_stated=NOT_STATED,
    )
    write_page(Path(path), page)


def _column_groups(columns: Sequence[str]) -> list[tuple[str, str, list[str]]]:
    """Return heading, prefix and columns of each group of the comparison that has columns."""
    headings = (
        ("Validation", "validation_"),
        ("Test", ""),
        ("Network", "network_"),
        ("Training", "training_"),
    )
    prefixes = tuple(prefix for _, prefix in headings if prefix)
    groups = [
        (
            heading,
            prefix,
            [
                name
                for name in columns
                if (name.startswith(prefix) if prefix else not name.startswith(prefixes))
            ],
        )
        for heading, prefix in headings
    ]
    return [group for group in groups if group[2]]
