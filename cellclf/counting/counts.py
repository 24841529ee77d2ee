"""The counts of some specimens: as a table, as text and as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cellclf.evaluation.drift import Drift
from cellclf.evaluation.specimens import Specimen
from cellclf.files import finite
from cellclf.inference.caveats import NOT_CALIBRATED, drifted
from cellclf.reporting.wording import percent, span
from cellclf.spreadsheets import write_table

__all__ = ["Differential"]

NOT_CLINICAL = "Not for clinical use: no result of this may guide the care of a patient."
LABEL_SHIFT = (
    "Corrected shares assume that these images differ from those that the model was validated on "
    "in nothing but how many cells there are of each class."
)

NAMED = 5
"""Cells for review of a specimen that the summary names; the rest are counted."""


@dataclass(frozen=True, kw_only=True)
class Differential:
    """The counts of some specimens.

    Attributes:
        specimens: In the order of their names.
        corrected: Shares of some specimen are corrected for what the model confuses.
        uncorrected: Why others are not, a sentence each.
        reviewed: Cells whose answer is a reviewer's.
        source: Where the reference ranges come from; empty where there are none.
        drift: How the images look beside those of training; `None` where that is not known.
        notes: What a reader must know of the model and the images, a sentence or two each.
        calibrated: The model says which answers a person should look at.
    """

    specimens: tuple[Specimen, ...]
    corrected: bool
    uncorrected: tuple[str, ...] = ()
    reviewed: int = 0
    source: str = ""
    drift: Drift | None = None
    notes: tuple[str, ...] = ()
    calibrated: bool = True

    @property
    def table(self) -> pd.DataFrame:
        """One row a specimen and class, the specimen in the first column.

        The columns `unidentified` and `for_review` are of the specimen, and the same in its rows.
        """
        named = [
            one.table.assign(
                specimen=one.name, unidentified=one.unidentified, for_review=len(one.review)
            )
            for one in self.specimens
        ]
        return pd.concat(named, ignore_index=True).pipe(
            lambda table: table[["specimen", *table.columns.drop("specimen")]]
        )

    def summary(self) -> str:
        """Return everything as text: what needs a person first."""
        first = [*drifted(self.drift), *self.notes, *([] if self.calibrated else [NOT_CALIBRATED])]
        lines = [*first, ""] if first else []
        for one in self.specimens:
            lines += [*_printed(one), ""]
        if self.reviewed:
            are = "answer is" if self.reviewed == 1 else "answers are"
            lines.append(f"{self.reviewed:,} {are} of a reviewer.")
        lines += self.uncorrected
        if self.corrected:
            lines.append(LABEL_SHIFT)
        if self.source:
            held = " Corrected shares are held against them." if self.corrected else ""
            lines.append(f"Usual ranges: {self.source}.{held}")
        return "\n".join([*lines, NOT_CLINICAL])

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values; a share that there is not is `None`."""
        return {
            "specimens": [
                {
                    "name": one.name,
                    "cells": one.identified,
                    "unidentified": one.unidentified,
                    "review": list(one.review),
                    "reviewed": one.reviewed,
                    "corrected": one.corrected,
                    "classes": finite(one.table.to_dict("records")),
                    "answers": list(one.answers),
                }
                for one in self.specimens
            ],
            "uncorrected": list(self.uncorrected),
            "usual_ranges_from": self.source,
            "drift": None if self.drift is None else self.drift.model_dump(mode="json"),
            "calibrated": self.calibrated,
            "notes": [*self.notes, NOT_CLINICAL],
        }

    def write_csv(self, path: Path) -> None:
        """Write the table as CSV; the file appears whole or not at all."""
        write_table(self.table, path)


def _printed(one: Specimen) -> Iterator[str]:
    """Everything that is said of one specimen, a line each."""
    yield f"{one.name}: {one.identified + one.unidentified:,} cells"
    if one.unidentified:
        yield f"  {one.unidentified:,} are none of the classes, and are not counted"
    if one.review:
        named = ", ".join(one.review[:NAMED]) + (", ..." if len(one.review) > NAMED else "")
        yield f"  {len(one.review):,} for review: {named}"
    if one.identified:
        yield from (f"  {line}" for line in _shares(one.table).splitlines())
    yield from (f"  {answer}" for answer in one.answers)


def _shares(table: pd.DataFrame) -> str:
    """The classes of a specimen as text, one a line."""

    def within(low: float, high: float) -> str:
        return span((low, high), "share")

    rows = []
    for row in table.to_dict("records"):
        printed = {
            "class": row["class"],
            "cells": f"{row['cells']:,}",
            "share": "" if np.isnan(row["share"]) else percent(row["share"]),
            "95 % interval": within(row["low"], row["high"]),
            "all together": within(row["low_all"], row["high_all"]),
        }
        if "corrected" in row and not np.isnan(row["corrected"]):
            limits = within(row["corrected_low"], row["corrected_high"])
            printed["corrected"] = f"{percent(row['corrected'])} ({limits})"
        if "against_usual" in row:
            usual = within(row["usual_low"], row["usual_high"])
            printed["usual"] = f"{usual}: {row['against_usual']}" if usual else ""
        rows.append(printed)
    return pd.DataFrame(rows).to_string(index=False)
