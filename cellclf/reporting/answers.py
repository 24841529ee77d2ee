"""What a report answers of the questions that reporting guidelines ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cellclf.auditing.summary import grouped
from cellclf.reporting import wording
from cellclf.terms import counted

if TYPE_CHECKING:
    from cellclf.reporting.report import Report

__all__ = ["Answers", "Item"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item of a guideline.

    Attributes:
        number: Its number, or several where one answer is for all of them.
        asks: What it asks for, in our own words.
        said: What the run, or the experiment's table `card`, answers.
        missing: What the authors must add; empty where nothing is known to be missing.
        see: Section of the report that shows it; empty where none does.
    """

    number: str
    asks: str
    said: tuple[str, ...] = ()
    missing: str = ""
    see: str = ""


class Answers:
    """What a report answers; each method is one question that both guidelines may ask."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.best = report.best

    def stated(self, number: str, asks: str, *names: str) -> Item:
        """What only the authors know."""
        known = [name for name in names if name in self.report.stated]
        unknown = [name for name in names if name not in known]
        return Item(
            number=number,
            asks=asks,
            said=tuple(self.report.stated[name] for name in known),
            missing=_fill_in(*unknown) if unknown else "",
        )

    def made(self, number: str, asks: str, *names: str) -> Item:
        """What the run did."""
        made = self.report.made
        said = [made.get(name) or made.get(f"{name} {self.best.name}", "") for name in names]
        return Item(number=number, asks=asks, said=tuple(filter(None, said)), see="method")

    def data_sources(self, number: str) -> Item:
        """Where the images come from."""
        facts = self.report.dataset
        site = self.report.stated.get("site", "")
        return Item(
            number=number,
            asks="Where the images come from",
            said=tuple(filter(None, (facts.name, facts.citation, facts.homepage, site))),
            missing="" if facts.citation or site else _fill_in("site"),
            see="data",
        )

    def eligibility(self, number: str) -> Item:
        """Who and what was taken in."""
        return Item(
            number=number,
            asks="Which patients and images were taken in",
            said=tuple(filter(None, (self.report.stated.get("patients", ""), self._left_out()))),
            missing="" if "patients" in self.report.stated else _fill_in("patients"),
            see="data",
        )

    def preparation(self, number: str, *, quality: bool = False) -> Item:
        """What was done to the images, and how they were checked."""
        asks = "What was done to the images first"
        if not quality:
            return self.made(number, asks, "Images")
        found = ", ".join(
            f"{wording.spell(kind).lower()} {len(group):,}"
            for kind, group in grouped(self.report.findings)
        )
        return Item(
            number=number,
            asks=f"{asks}, and how their quality was checked",
            said=(
                *filter(None, (self.report.made.get("Images", ""),)),
                f"Findings of the audit: {found or 'none'}.",
            ),
            see="data",
        )

    def subsets(self, number: str) -> Item:
        """What was selected."""
        facts = self.report.facts
        said = [
            f"{name.capitalize()}: {facts[name]}."
            for name in ("classes left out", "classes renamed")
            if name in facts
        ]
        return Item(
            number=number,
            asks="What was selected of the data",
            said=tuple(said) or ("All classes of the set.",),
            see="data",
        )

    def missing_data(self, number: str) -> Item:
        """What became of what cannot be read."""
        return Item(
            number=number,
            asks="What became of missing data",
            said=("No image is made up for.", self._left_out()),
            see="data",
        )

    def partition(self, number: str) -> Item:
        """How the data were divided."""
        return self.made(number, "How the data were divided, and for what", "Parts")

    def disjoint(self, number: str) -> Item:
        """What the parts do not share."""
        known = self.report.facts.get("kept together", "")
        said = (f"Kept together: {known}.",) if known else ()
        leaks = (f"The parts leak in {counted(len(self.report.leaks), 'way')}.",)
        return Item(
            number=number,
            asks="At which level the parts are disjoint",
            said=(*said, *(leaks if self.report.leaks else ())),
            see="method",
        )

    def sample_size(self, number: str) -> Item:
        """How much there is to judge by."""
        return Item(
            number=number,
            asks="How many are needed, and why",
            said=(f"{counted(self.best.total, 'test cell')}; the intervals say what they tell.",),
            missing="say how the number was settled on",
            see="figures",
        )

    def software(self, number: str) -> Item:
        """What it was made with."""
        listed = ", ".join(f"{name} {version}" for name, version in self.report.versions.items())
        return Item(
            number=number,
            asks="Software and its versions",
            said=(listed,) if listed else (),
            see="method",
        )

    def chosen(self, number: str) -> Item:
        """How the model was chosen."""
        return Item(
            number=number,
            asks="How the final model was chosen",
            said=(self.report.reason, *self.made("", "", "Weights kept").said),
            see="verdict",
        )

    def measures(self, number: str) -> Item:
        """By what it is judged."""
        named = ", ".join(wording.label(name) for name in self.best.metrics)
        plots = "confusion matrix, reliability diagram, risk by coverage"
        return Item(
            number=number,
            asks="By what performance is measured",
            said=(f"{named}; {plots if self.best.calibration_chart else 'confusion matrix'}.",),
            see="figures",
        )

    def uncertainty(self, number: str) -> Item:
        """How uncertain that is."""
        return Item(
            number=number,
            asks="How uncertain the figures are",
            said=(f"95 % intervals: {', '.join(self.report.methods)}.",)
            if self.report.methods
            else (),
            missing="" if self.report.methods else "give intervals",
            see="figures",
        )

    def explained(self, number: str) -> Item:
        """How an answer can be looked into."""
        named = ", ".join(self.best.maps)
        shown = f"Maps of what moved an answer, beside the cells that it got wrong: {named}."
        return Item(
            number=number,
            asks="How answers are explained, and how that was checked",
            said=(shown if named else "Not at all.",),
            missing="say whether the maps show what they are taken for" if named else "",
            see="mistakes" if named else "",
        )

    def flow(self, number: str) -> Item:
        """How many there were at first, and in the end."""
        images = int(self.report.counts.to_numpy().sum())
        return Item(
            number=number,
            asks="How many were taken in, and how many left out",
            said=(f"{counted(images, 'image')} in all parts. {self._left_out()}",),
            missing="give the number of patients",
            see="data",
        )

    def characteristics(self, number: str) -> Item:
        """Who and what is in each part."""
        return Item(
            number=number,
            asks="Who and what is in each part",
            said=("Classes, files and independent sources of each part.",),
            missing="give age, sex and diagnoses of the patients",
            see="data",
        )

    def parts(self, number: str) -> Item:
        """How many cells each part has."""
        counts = self.report.counts.sum()
        listed = ", ".join(f"{part} {int(cells):,}" for part, cells in counts.items())
        return Item(
            number=number,
            asks="How many cells each step rests on",
            said=(f"{listed}; by class in the table.",),
            see="data",
        )

    def performance(self, number: str, asks: str = "Performance with intervals") -> Item:
        """How good it is."""
        within = wording.span(self.best.interval("accuracy"), "accuracy")
        share = self.best.right / self.best.total if self.best.total else float("nan")
        return Item(
            number=number,
            asks=asks,
            said=(
                f"Accuracy {wording.percent(share)}{f' ({within})' if within else ''}; every "
                "figure of every class in the table.",
            ),
            see="figures",
        )

    def failures(self, number: str) -> Item:
        """What it gets wrong."""
        common = self.best.commonest_mistake
        said = "No test cell was classified wrongly."
        if common is not None:
            said = (
                f"Most often {wording.isolated(common[0])} was taken for "
                f"{wording.isolated(common[1])}: {counted(common[2], 'cell')}."
            )
        return Item(
            number=number, asks="What it gets wrong, with examples", said=(said,), see="mistakes"
        )

    def limits(self, number: str) -> Item:
        """What must not be concluded."""
        return Item(
            number=number,
            asks="Limits of the study",
            said=("What a run knows of its limits is listed.",),
            missing="say which the study has besides",
            see="limits",
        )

    def outcome(self, number: str) -> Item:
        """What is predicted."""
        labels = self.report.stated.get("labels", "")
        return Item(
            number=number,
            asks="What is predicted, and how the truth is known",
            said=(
                f"One of {counted(len(self.report.counts), 'class', 'classes')}: "
                f"{', '.join(map(wording.isolated, self.report.counts.index))}.",
                *([labels] if labels else []),
            ),
            missing="" if labels else _fill_in("labels"),
        )

    def use(self, number: str, asks: str = "How predictions are computed") -> Item:
        """How others use it."""
        return Item(
            number=number,
            asks=asks,
            said=(
                f"models/{self.best.name}.safetensors, beside this report: weights, classes and "
                "thresholds; cellclf predict and cellclf.load answer with it.",
            ),
        )

    def imbalance(self, number: str) -> Item:
        """What was done about unequal classes."""
        balance = self.made("", "", "Balance").said
        after = "Probabilities were calibrated afterwards, class by class and all together."
        return Item(
            number=number,
            asks="What was done about unequal classes, and how it was made up for",
            said=(*balance, *([after] if self.best.calibration else [])),
            see="method",
        )

    def output(self, number: str) -> Item:
        """What comes out."""
        return Item(
            number=number,
            asks="What comes out, and how thresholds were found",
            said=(
                "A probability for each class, and the class with the largest.",
                *self.best.refusals,
            ),
            see="refuses",
        )

    def _left_out(self) -> str:
        return f"Left out: {counted(len(self.report.left_out), 'image')}."


def _fill_in(*names: str) -> str:
    return f"fill in {' and '.join(f'card.{name}' for name in names)}"
