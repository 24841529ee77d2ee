"""What a report answers of two reporting guidelines, and what is left for the authors to say.

Items are named by their number, in words of our own; the guidelines themselves say more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cellclf.reporting.answers import Answers, Item

if TYPE_CHECKING:
    from cellclf.reporting.report import Report

__all__ = ["Checklist", "checklists"]


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
    answers = Answers(report)
    return (
        Checklist(
            name="CLAIM 2024",
            source="Tejani et al., Checklist for Artificial Intelligence in Medical Imaging "
            "(CLAIM): 2024 Update. Radiology: Artificial Intelligence 6(4), e240300, 2024",
            address="https://doi.org/10.1148/ryai.240300",
            items=tuple(_claim(answers)),
            others="1 to 6, 11, 15, 27, 30, 34, 41 and 42",
        ),
        Checklist(
            name="TRIPOD+AI",
            source="Collins et al., TRIPOD+AI statement. BMJ 385, e078378, 2024",
            address="https://doi.org/10.1136/bmj-2023-078378",
            items=tuple(_tripod(answers)),
            others="1, 2, 3a, 3c, 4, 6c, 8c, 9a to 9c, 12d, 12f, 18b to 18d, 19, 20b, 20c, 23b, "
            "24, 25, 27b and 27c",
        ),
    )


def _claim(of: Answers) -> Iterator[Item]:
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
    yield of.made("25", "How it was trained", "Balance", "Augmentation", "Training", "Weights kept")
    yield of.chosen("26")
    yield of.measures("28")
    yield of.uncertainty("29")
    yield of.explained("31")
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


def _tripod(of: Answers) -> Iterator[Item]:
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
            *of.best.refusals,
        ),
        see="refuses",
    )
