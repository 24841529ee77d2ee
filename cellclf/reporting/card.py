"""The model card: what a model is, for whom, on what its figures rest, and what nobody has said.

The chapters are those of Mitchell et al., Model Cards for Model Reporting (FAT* 2019). What a run
cannot know comes from the experiment's table `card`, or is marked as not stated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from cellclf.files import write_text
from cellclf.reporting import wording
from cellclf.reporting.style import legible
from cellclf.terms import counted

if TYPE_CHECKING:
    from cellclf.reporting.report import Report

__all__ = ["NOT_STATED", "Chapter", "Statement", "limits", "model_card", "write_card"]

NOT_STATED = "not stated"
"""What stands where nobody has said anything."""

MARKDOWN = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)")
"""What Markdown may take for more than itself; an underscore within a word is none."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Something that is said, or that nobody has said.

    Attributes:
        name: What it is about.
        said: Sentences or entries; empty where nobody has said it.
    """

    name: str
    said: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A chapter of the card.

    Attributes:
        title: Its heading.
        statements: What stands in it.
    """

    title: str
    statements: tuple[Statement, ...]


def model_card(report: Report) -> tuple[Chapter, ...]:
    """Return the card of the best model of a report."""
    stated = _Stated(report)
    return (
        Chapter(title="Model details", statements=(*_details(report), stated("Contact"))),
        Chapter(
            title="Intended use",
            statements=(
                stated("Intended use"),
                stated("Users"),
                stated(
                    "Out of scope",
                    "Not for clinical use: no finding about a patient may rest on it.",
                ),
            ),
        ),
        Chapter(
            title="Factors",
            statements=(
                stated("Patients"),
                stated("Site"),
                stated("Dates"),
                stated("Stain"),
                stated("Scanner"),
                Statement(
                    name="Figures are given for",
                    said=("Each class. Not by patients, stain, scanner or site.",),
                ),
            ),
        ),
        Chapter(title="Metrics", statements=_measures(report)),
        Chapter(title="Evaluation data", statements=tuple(_data(report, "test"))),
        Chapter(
            title="Training data",
            statements=(*_data(report, "train"), *_made(report, "Balance", "Augmentation")),
        ),
        Chapter(title="Quantitative analyses", statements=_analyses(report)),
        Chapter(
            title="Ethical considerations",
            statements=(stated("Ethics"), stated("Funding"), stated("Availability")),
        ),
        Chapter(
            title="Caveats and recommendations",
            statements=(Statement(name="Limits", said=limits(report)),),
        ),
    )


def limits(report: Report) -> tuple[str, ...]:
    """Return what a reader must not conclude from a report."""
    return tuple(_limits(report))


def _limits(report: Report) -> Iterator[str]:
    yield (
        "Not for clinical use: no finding about a patient may rest on this report or on these "
        "models."
    )
    if report.leaks:
        yield (
            "Leaky split: the parts were taken as given, though they share what belongs together; "
            "no figure here says how well a model does on images of other sources."
        )
    if report.synthetic:
        yield "Synthetic images: nothing here was measured on a real cell."
    yield (
        "The test images come from the same set as the training images. Another laboratory's "
        "stain, microscope and camera can lower the figures much."
    )
    if not (report.groups_known or report.synthetic):
        yield (
            "Nothing says which images are of one patient or slide. Those of one may lie in "
            "training and test, and intervals take every image that is no copy for one by itself: "
            "both make the figures look better than they are."
        )
    if report.best.unidentified is None:
        yield (
            f"A model gives each image one of its {len(report.counts)} classes, also an image that "
            "shows none of them, and may be confident about it."
        )
    else:
        yield (
            "A cell that looks unlike the training images is called unidentified. One of a class "
            "that the model never saw, but that looks like a known one, is given that class."
        )
    if not report.calibrated:
        yield ("Not calibrated: confidences rank cells; they are no probabilities of being right.")
    if report.smallest is not None:
        name, cells = report.smallest
        yield (
            f"The smallest class in the test part, {wording.isolated(name)}, has "
            f"{counted(cells, 'cell')}: one cell more or less moves its sensitivity by "
            f"{100 / cells:.1f} points."
        )


class _Stated:
    """What the experiment says of what only a person knows."""

    def __init__(self, report: Report) -> None:
        self._stated = report.stated

    def __call__(self, name: str, *always: str) -> Statement:
        text = self._stated.get(name.lower().replace(" ", "_"), "")
        return Statement(name=name, said=(*always, *([text] if text else [])))


def _details(report: Report) -> Iterator[Statement]:
    best = report.best
    version = report.versions.get("cellclf", "")
    yield Statement(
        name="Model", said=(f"{best.name}, a classifier of single cells into {_classes(report)}",)
    )
    yield Statement(name="Made", said=tuple(filter(None, (report.written[:10],))))
    yield Statement(name="Made with", said=(f"cellclf {version}",) if version else ())
    network = report.made.get("Network") or report.made.get(f"Network {best.name}", "")
    yield Statement(name="Network", said=(network,) if network else ())
    yield from _made(report, "Training", "Weights kept")
    yield Statement(name="Seed", said=(str(report.seed),))


def _classes(report: Report) -> str:
    names = ", ".join(map(wording.isolated, report.counts.index))
    return f"{counted(len(report.counts), 'class', 'classes')}: {names}"


def _made(report: Report, *names: str) -> Iterator[Statement]:
    for name in names:
        text = report.made.get(name, "")
        yield Statement(name=name, said=(text,) if text else ())


def _measures(report: Report) -> tuple[Statement, ...]:
    best = report.best
    named = ", ".join(wording.label(name) for name in best.metrics)
    intervals = f"95 % intervals: {', '.join(report.methods)}." if report.methods else "None."
    return (
        Statement(name="Measures", said=(named,) if named else ()),
        Statement(name="Uncertainty", said=(intervals,)),
        Statement(
            name="Thresholds",
            said=best.refusals or ("None: every answer stands, as the model is not calibrated.",),
        ),
    )


def _data(report: Report, part: str) -> Iterator[Statement]:
    facts = report.dataset
    licence = f"Licence: {facts.licence}" if facts.licence else ""
    place = Path(facts.place).name
    said = (facts.name, place, facts.citation, facts.homepage, licence)
    yield Statement(name="Data set", said=tuple(filter(None, said)))
    if part in report.counts:
        cells = report.counts[part]
        listed = [f"{wording.isolated(name)} {int(count):,}" for name, count in cells.items()]
        yield Statement(name="Cells", said=(f"{int(cells.sum()):,}: {', '.join(listed)}",))
    if part == "test":
        yield from _made(report, "Parts", "Images")
        labels = report.stated.get("labels", "")
        yield Statement(name="True classes", said=(labels,) if labels else ())


def _analyses(report: Report) -> tuple[Statement, ...]:
    best = report.best
    overall = tuple(
        f"{wording.label(name)}: {wording.number(value, name)}{_within(report, name)}"
        for name, value in best.metrics.items()
    )
    classes = tuple(
        f"{wording.isolated(name)}: {wording.number(float(value), 'recall')}"
        f"{_within(report, 'recall', str(name))}"
        for name, value in best.per_class.get("recall", {}).items()
    )
    return (
        Statement(name="Over all classes, on the test part", said=overall),
        Statement(name="Sensitivity of each class, on the test part", said=classes),
        Statement(name="Calibration", said=best.calibration or ("Not calibrated.",)),
    )


def _within(report: Report, metric: str, of: str = "") -> str:
    between = wording.span(report.best.interval(metric, of), metric)
    return f" ({between})" if between else ""


def write_card(path: Path, report: Report) -> None:
    """Write the card of the best model as Markdown; the file appears whole or not at all.

    Raises:
        RunError: The place cannot be written to.
    """
    lines = [f"# Model card: {_plain(report.best.name)}", "", f"Run: {_plain(report.title)}"]
    if report.leaks:
        lines += ["", "**Leaky split: every figure looks better than it is.**"]
    if report.synthetic:
        lines += ["", "**Synthetic images: the figures say nothing about real cells.**"]
    for chapter in model_card(report):
        lines += ["", f"## {chapter.title}", ""]
        for statement in chapter.statements:
            lines += _listed(statement)
    write_text(Path(path), "\n".join(lines) + "\n")


def _listed(statement: Statement) -> list[str]:
    if not statement.said:
        return [f"- {statement.name}: **{NOT_STATED}**"]
    if len(statement.said) == 1:
        return [f"- {statement.name}: {_plain(statement.said[0])}"]
    return [f"- {statement.name}:", *(f"    - {_plain(one)}" for one in statement.said)]


def _plain(text: str) -> str:
    """Write text so that Markdown shows it as it is, on one line."""
    one_line = escape(legible(" ".join(text.split())), quote=False)
    return MARKDOWN.sub(r"\\\g<0>", one_line)
