"""What a report answers of two reporting guidelines, and what is left for the authors to say.

Items are named by their number, in words of our own; the guidelines themselves say more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cellclf.auditing.summary import grouped
from cellclf.reporting import wording
from cellclf.terms import counted

if TYPE_CHECKING:
    from cellclf.reporting.report import Report

__all__ = ["Checklist", "Item", "checklists"]


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


@dataclass(frozen=True, kw_only=True)
class Checklist:
    """A guideline, as far as a run can answer it.

    Attributes:
        name: What it is called.
        source: Who published it, where.
        address: Where it is to be had.
        items: The items that a run can answer, or that the table `card` has a place for.
        others: Which items are about the study or its text, so that the authors alone can answer.
    """

    name: str
    source: str
    address: str
    items: tuple[Item, ...]
    others: str

    @property
    def open(self) -> int:
        """Items that lack something."""
        return sum(bool(item.missing) for item in self.items)


def checklists(report: Report) -> tuple[Checklist, ...]:
    """Return what a report answers of CLAIM 2024 and of TRIPOD+AI."""
    answers = _Answers(report)
    return (
        Checklist(
            name="CLAIM 2024",
            source="Tejani et al., Checklist for Artificial Intelligence in Medical Imaging "
            "(CLAIM): 2024 Update. Radiology: Artificial Intelligence 6(4), e240300, 2024",
            address="https://doi.org/10.1148/ryai.240300",
            items=tuple(_claim(answers)),
            others="1 to 6, 11, 15, 27, 30, 31, 34, 41 and 42",
        ),
        Checklist(
            name="TRIPOD+AI",
            source="Collins et al., TRIPOD+AI statement. BMJ 385, e078378, 2024",
            address="https://doi.org/10.1136/bmj-2023-078378",
            items=tuple(_tripod(answers)),
            others="1, 2, 3a, 3c, 4, 6c, 8c, 9a to 9c, 12d, 12f, 18b to 18d, 19, 20b, 20c, 23b, 24, "
            "25, 27b and 27c",
        ),
    )


def _claim(of: _Answers) -> Iterator[Item]:
    yield of.data_sources("7")
    yield of.eligibility("8")
    yield of.preparation("9")
    yield of.subsets("10")
    yield of.missing_data("12")
    yield of.stated("13", "How the images were taken", "scanner", "stain")
    yield of.stated(
        "14, 16 to 18",
        "How the true class of each cell was found: by whom, with what, how well they agree",
        "labels",
    )
    yield of.partition("19")
    yield of.disjoint("20")
    yield of.sample_size("21")
    yield of.made("22", "The network in full", "Network")
    yield of.software("23")
    yield of.made("24", "What the weights began as", "Network")
    yield of.made(
        "25", "How it was trained", "Balance", "Augmentation", "Training", "Weights kept"
    )
    yield of.chosen("26")
    yield of.measures("28")
    yield of.uncertainty("29")
    yield Item(
        number="32",
        asks="Performance on data of the same source",
        said=("On the test part, which nothing was fitted to or chosen by.",),
        see="figures",
    )
    yield Item(
        number="33",
        asks="Performance on data of another source",
        said=("Not in this run: its test images are of the same set.",),
        missing="test it on another laboratory's images, or say why not",
    )
    yield of.flow("35")
    yield of.characteristics("36")
    yield of.performance("37")
    yield of.performance("38", "Accuracy with 95 % intervals")
    yield of.failures("39")
    yield of.limits("40")
    yield of.stated("43", "Where software, model and data are to be had", "availability")
    yield of.stated("44", "Who paid for it", "funding")


def _tripod(of: _Answers) -> Iterator[Item]:
    yield of.stated("3b", "What the model is for, and who uses it", "intended_use", "users")
    yield of.data_sources("5a")
    yield of.stated("5b", "When the data were collected", "dates")
    yield of.stated("6a", "Where: kind, number and place of the centres", "site")
    yield of.eligibility("6b")
    yield of.preparation("7", quality=True)
    yield of.outcome("8a")
    yield of.stated("8b", "Who judged the outcome", "labels")
    yield of.sample_size("10")
    yield of.missing_data("11")
    yield of.partition("12a")
    yield of.made("12b", "How what goes in is scaled and transformed", "Images")
    yield of.made(
        "12c", "The kind of model and how it was built", "Network", "Training", "Weights kept"
    )
    yield of.measures("12e")
    yield of.use("12g")
    yield of.imbalance("13")
    yield Item(
        number="14",
        asks="What was done for fairness",
        said=("Nothing by this run: it knows classes, and nothing of the patients.",),
        missing="give figures by age, sex and origin of the patients, or say why there are none",
    )
    yield of.output("15")
    yield Item(
        number="16",
        asks="How the data for development and for evaluation differ",
        said=("They are parts of one set.",),
        see="data",
    )
    yield of.stated("17", "Ethical approval and consent", "ethics")
    yield of.stated("18a", "Who paid, and what part they had", "funding")
    yield of.stated("18e, 18f", "Where data and code are to be had", "availability")
    yield of.flow("20a")
    yield of.parts("21")
    yield of.use("22", "The model in full, for others to use")
    yield of.performance("23a")
    yield of.limits("26")
    yield Item(
        number="27a",
        asks="What becomes of poor or missing input",
        said=(
            "A file that cannot be read is listed and not classified.",
            *of.best.refusals[:1],
        ),
        see="refuses",
    )


class _Answers:
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
        said = [
            made.get(name) or made.get(f"{name} {self.best.name}", "")
            for name in names
        ]
        return Item(number=number, asks=asks, said=tuple(filter(None, said)), see="method")

    def data_sources(self, number: str) -> Item:
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
        return Item(
            number=number,
            asks="Which patients and images were taken in",
            said=tuple(
                filter(None, (self.report.stated.get("patients", ""), self._left_out()))
            ),
            missing="" if "patients" in self.report.stated else _fill_in("patients"),
            see="data",
        )

    def preparation(self, number: str, *, quality: bool = False) -> Item:
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
        return Item(
            number=number,
            asks="What became of missing data",
            said=("No image is made up for.", self._left_out()),
            see="data",
        )

    def partition(self, number: str) -> Item:
        return self.made(number, "How the data were divided, and for what", "Parts")

    def disjoint(self, number: str) -> Item:
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
        return Item(
            number=number,
            asks="How many are needed, and why",
            said=(f"{counted(self.best.total, 'test cell')}; the intervals say what they tell.",),
            missing="say how the number was settled on",
            see="figures",
        )

    def software(self, number: str) -> Item:
        listed = ", ".join(f"{name} {version}" for name, version in self.report.versions.items())
        return Item(
            number=number,
            asks="Software and its versions",
            said=(listed,) if listed else (),
            see="method",
        )

    def chosen(self, number: str) -> Item:
        return Item(
            number=number,
            asks="How the final model was chosen",
            said=(self.report.reason, *self.made("", "", "Weights kept").said),
            see="verdict",
        )

    def measures(self, number: str) -> Item:
        named = ", ".join(wording.label(name) for name in self.best.metrics)
        plots = "confusion matrix, reliability diagram, risk by coverage"
        return Item(
            number=number,
            asks="By what performance is measured",
            said=(f"{named}; {plots if self.best.calibration_chart else 'confusion matrix'}.",),
            see="figures",
        )

    def uncertainty(self, number: str) -> Item:
        return Item(
            number=number,
            asks="How uncertain the figures are",
            said=(f"95 % intervals: {', '.join(self.report.methods)}.",)
            if self.report.methods
            else (),
            missing="" if self.report.methods else "give intervals",
            see="figures",
        )

    def flow(self, number: str) -> Item:
        images = int(self.report.counts.to_numpy().sum())
        return Item(
            number=number,
            asks="How many were taken in, and how many left out",
            said=(f"{counted(images, 'image')} in all parts. {self._left_out()}",),
            missing="give the number of patients",
            see="data",
        )

    def characteristics(self, number: str) -> Item:
        return Item(
            number=number,
            asks="Who and what is in each part",
            said=("Classes, files and independent sources of each part.",),
            missing="give age, sex and diagnoses of the patients",
            see="data",
        )

    def parts(self, number: str) -> Item:
        counts = self.report.counts.sum()
        listed = ", ".join(f"{part} {int(cells):,}" for part, cells in counts.items())
        return Item(
            number=number,
            asks="How many cells each step rests on",
            said=(f"{listed}; by class in the table.",),
            see="data",
        )

    def performance(self, number: str, asks: str = "Performance with intervals") -> Item:
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
        common = self.best.commonest_mistake
        said = "No test cell was classified wrongly."
        if common is not None:
            said = f"Most often {common[0]} was taken for {common[1]}: {common[2]:,} of the cells."
        return Item(
            number=number, asks="What it gets wrong, with examples", said=(said,), see="mistakes"
        )

    def limits(self, number: str) -> Item:
        return Item(
            number=number,
            asks="Limits of the study",
            said=("What a run knows of its limits is listed.",),
            missing="say which the study has besides",
            see="limits",
        )

    def outcome(self, number: str) -> Item:
        labels = self.report.stated.get("labels", "")
        return Item(
            number=number,
            asks="What is predicted, and how the truth is known",
            said=(
                f"One of {counted(len(self.report.counts), 'class', 'classes')}: "
                f"{', '.join(map(str, self.report.counts.index))}.",
                *([labels] if labels else []),
            ),
            missing="" if labels else _fill_in("labels"),
        )

    def use(self, number: str, asks: str = "How predictions are computed") -> Item:
        return Item(
            number=number,
            asks=asks,
            said=(
                f"models/{self.best.name}.safetensors, beside this report: weights, classes and "
                "thresholds; `cellclf predict` and `cellclf.load` answer with it.",
            ),
        )

    def imbalance(self, number: str) -> Item:
        balance = self.made("", "", "Balance").said
        after = "Probabilities were calibrated afterwards, class by class and all together."
        return Item(
            number=number,
            asks="What was done about unequal classes, and how it was made up for",
            said=(*balance, *([after] if self.best.calibration else [])),
            see="method",
        )

    def output(self, number: str) -> Item:
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
