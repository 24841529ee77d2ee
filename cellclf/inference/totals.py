"""What came of images in few numbers, counted while they come, and said in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from cellclf.evaluation.abstention import found_none
from cellclf.evaluation.drift import Drift
from cellclf.evaluation.outliers import refused_too_many
from cellclf.evaluation.predictions import UNIDENTIFIED
from cellclf.inference.caveats import NOT_CALIBRATED, caveats, drifted
from cellclf.inference.parts import Part
from cellclf.terms import percent

__all__ = ["NAMED", "Counts", "Totals"]

NAMED = 10
"""How many unreadable files are named where all of them are in a list."""


class Counts(BaseModel):
    """What is counted of images, part by part.

    Example:
        >>> Counts.of(("round", "long")).predicted
        {'round': 0, 'long': 0}
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    predicted: Mapping[str, int] = Field(description="Images by answer, in class order.")
    review: int | None = Field(
        None, ge=0, description="Answers that a person should look at; absent if not known."
    )
    trained: int = Field(0, ge=0, description="Images that the model was trained on.")
    trained_example: str = Field("", description="One of those.")
    unreadable: int = Field(0, ge=0, description="Files that could not be read.")
    unreadable_named: Mapping[str, str] = Field({}, description="Reason by path, of the first.")

    @classmethod
    def of(cls, classes: tuple[str, ...]) -> Counts:
        """Return those of no images."""
        return cls(predicted=dict.fromkeys(classes, 0))

    @property
    def images(self) -> int:
        """How many images could be read."""
        return sum(self.predicted.values())

    def plus(self, part: Part, *, named: int | None = NAMED) -> Counts:
        """Return the counts with those of one more part.

        Args:
            part: What came of it.
            named: How many unreadable files to name; all where it is `None`.
        """
        predicted = {**self.predicted}
        for answer in part.predicted:
            predicted[answer] = predicted.get(answer, 0) + 1
        review = self.review
        if part.review is not None:
            review = (review or 0) + int(part.review.sum())
        trained = part.trained_ids
        reasons = {**self.unreadable_named, **part.unreadable}
        return Counts(
            predicted=predicted,
            review=review,
            trained=self.trained + len(trained),
            trained_example=self.trained_example or "".join(trained[:1]),
            unreadable=self.unreadable + len(part.unreadable),
            unreadable_named=dict(islice(reasons.items(), named)),
        )


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What came of images, without the table.

    Attributes:
        counts: Images by answer and more.
        drift: How the images look beside those of training; `None` where the model does not know.
        thresholds: What turns probabilities into answers, as a sidecar has it; `None` where it is
            not known.
        synthetic: The model was trained on rendered images.
        leaky: The figures of the model's run come from a split that leaks.
        averages: What is to be said of answers that are means over views or models, a sentence
            each.
        files: What was written: the rows, what they do not say of themselves, and the list of
            unreadable files, where there are any.
    """

    counts: Counts
    drift: Drift | None = None
    thresholds: Mapping[str, float] | None = None
    synthetic: bool = False
    leaky: bool = False
    averages: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the model and the images, a sentence or two each."""
        of_model = (
            *self.averages,
            *caveats(leaky=self.leaky, synthetic=self.synthetic, thresholds=self.thresholds),
        )
        if not self.counts.trained:
            return of_model
        return (
            f"Trained on: {self.counts.trained:,} of these images are ones that the model was "
            f"trained on, such as {self.counts.trained_example}. What it says of them says nothing "
            "of how good it is.",
            *of_model,
        )

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "images": self.counts.images,
            **self.counts.model_dump(mode="json"),
            "drift": None if self.drift is None else self.drift.model_dump(mode="json"),
            "thresholds": None if self.thresholds is None else dict(self.thresholds),
            "notes": list(self.notes),
            "files": [str(path) for path in self.files],
        }

    def summary(self) -> str:
        """Return the counts, and files that could not be read, for people."""
        counts, total = self.counts.predicted, self.counts.images
        width = max(len(name) for name in (*counts, "total"))
        digits = len(f"{total}")
        lines = [
            f"{name:<{width}}  {count:>{digits}}  {percent(count / max(total, 1)):>7}"
            for name, count in counts.items()
        ]
        lines.append(f"{'total':<{width}}  {total:>{digits}}")
        if total:
            lines += drifted(self.drift)
        return "\n".join([*lines, *self._of_review(), *self._of_unreadable(), *self.notes])

    def _of_review(self) -> list[str]:
        counts, total = self.counts.predicted, self.counts.images
        refused, thresholds = counts.get(UNIDENTIFIED, 0), self.thresholds
        lines = []
        if self.counts.review is not None:
            without = thresholds is not None and found_none(thresholds)
            others = self.counts.review - refused
            lines.append(
                f"For review: {self.counts.review:,}: {refused:,} {UNIDENTIFIED}, {others:,} "
                f"{'others' if without else 'unsure'} (column 'review')"
            )
        elif total:
            lines.append(NOT_CALIBRATED)
        if thresholds is not None:
            lines += filter(None, [refused_too_many(refused, total, thresholds)])
        return lines

    def _of_unreadable(self) -> list[str]:
        number = self.counts.unreadable
        if not number:
            return []
        where = f"; all in {self.files[-1]}" if self.files else ""
        named = [f"  {path}: {reason}" for path, reason in self.counts.unreadable_named.items()]
        more = number - len(named)
        rest = [f"  and {more:,} more"] if more else []
        return [f"Could not be read: {number:,}{where}", *named, *rest]
