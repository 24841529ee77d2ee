"""Differential counts from files of predictions, one a specimen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.errors import DataError, hint
from cellclf.evaluation.differential import (
    UNIDENTIFIED,
    Question,
    answer_column,
    cells_to_settle,
    corrected_shares,
    count,
)
from cellclf.evaluation.prediction_files import Sidecar, read_sidecar, sidecar_of
from cellclf.evaluation.predictions import CLASS_PREFIX
from cellclf.spreadsheets import read_texts, write_table

__all__ = ["FOLDER", "Differential", "Specimen", "differential"]

FOLDER = "folder"
"""How specimens are told apart where nothing else is said: by the folder of the images."""

NOT_CLINICAL = "Not for clinical use: no result of this may guide the care of a patient."
LABEL_SHIFT = (
    "Corrected shares assume that these images differ from those that the model was validated on "
    "in nothing but how many cells there are of each class."
)


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """The count of one specimen.

    Attributes:
        name: What tells it apart.
        table: One row a class: see `cellclf.evaluation.differential.count`, and with a correction
            `corrected`, `corrected_low`, `corrected_high`.
        unidentified: Cells that are none of the classes.
        review: Ids of the cells that a person should look at.
        answers: What becomes of the questions, a sentence each.
    """

    name: str
    table: pd.DataFrame
    unidentified: int
    review: tuple[str, ...]
    answers: tuple[str, ...] = ()

    @property
    def identified(self) -> int:
        """Cells that are counted."""
        return int(self.table["cells"].sum())


@dataclass(frozen=True, kw_only=True)
class Differential:
    """The counts of some specimens.

    Attributes:
        specimens: In the order of their names.
        corrected: Shares are corrected for what the model confuses.
        reviewed: Cells whose answer is a reviewer's.
    """

    specimens: tuple[Specimen, ...]
    corrected: bool
    reviewed: int = 0

    @property
    def table(self) -> pd.DataFrame:
        """One row a specimen and class, the specimen in the first column."""
        return pd.concat(
            [one.table.assign(specimen=one.name) for one in self.specimens], ignore_index=True
        ).pipe(lambda table: table[["specimen", *table.columns.drop("specimen")]])

    def summary(self) -> str:
        """Return everything as text: what needs a person first."""
        lines: list[str] = []
        for one in self.specimens:
            total = one.identified + one.unidentified
            lines.append(f"{one.name}: {total:,} cells")
            if one.unidentified:
                lines.append(f"  {one.unidentified:,} are none of the classes, and are not counted")
            if one.review:
                named = ", ".join(one.review[:5]) + (", ..." if len(one.review) > 5 else "")
                lines.append(f"  {len(one.review):,} for review: {named}")
            lines += [f"  {line}" for line in _printed(one.table).splitlines()]
            lines += [f"  {answer}" for answer in one.answers]
            lines.append("")
        if self.reviewed:
            lines.append(f"{self.reviewed:,} answers are those of a reviewer.")
        if self.corrected:
            lines.append(LABEL_SHIFT)
        return "\n".join([*lines, NOT_CLINICAL])

    def write_csv(self, path: Path) -> None:
        """Write the table as CSV; the file appears whole or not at all."""
        write_table(self.table, path)


def differential(
    predictions: str | Path,
    *,
    by: str = FOLDER,
    questions: Sequence[str] = (),
    correct: bool = True,
    seed: int = 0,
) -> Differential:
    """Count the cells of each specimen. No network is needed.

    A cell counts as what a reviewer wrote into the column `corrected`, where there is one and it is
    filled in, else as what was predicted. Where the sidecar says what the model confuses, and no
    reviewer has corrected anything, shares are corrected for that too.

    Args:
        predictions: A CSV file of predictions, of `cellclf predict`, of a run, or of another
            program with the columns `path` and `predicted`.
        by: What tells specimens apart: `folder`, for the folder that an image is in; the name of a
            column; or a regular expression that is searched in the path, whose first group, or
            whole, is the specimen.
        questions: Such as `eosinophil > 5 %`: how many more cells would settle them.
        correct: Whether to correct shares.
        seed: Decides the draws of the corrected intervals.

    Raises:
        DataError: The file cannot be read, or specimens cannot be told apart.
    """
    path = Path(predictions)
    table = _read(path)
    asked = [Question.parsed(question) for question in questions]
    sidecar = _sidecar(path)
    classes = _classes(table, sidecar)
    for question in asked:
        if question.class_name not in classes:
            raise DataError(
                f"a question must be about one of {', '.join(classes)}. "
                f"Received: {question.class_name!r}.{hint(question.class_name, classes)}"
            )
    answers = answer_column(table)
    reviewed = int((answers != table["predicted"]).sum())
    confusion = None
    if correct and not reviewed and sidecar is not None and sidecar.confusion_counts is not None:
        confusion = np.array(sidecar.confusion_counts)
    names = _specimens(table, by)
    specimens = []
    for name in sorted(set(names)):
        rows = (names == name).to_numpy()
        specimens.append(
            _specimen(name, table[rows], answers[rows], classes, confusion, asked, seed)
        )
    return Differential(
        specimens=tuple(specimens), corrected=confusion is not None, reviewed=reviewed
    )


def _specimen(
    name: str,
    table: pd.DataFrame,
    answers: pd.Series[str],
    classes: tuple[str, ...],
    confusion: NDArray[np.intp] | None,
    questions: Sequence[Question],
    seed: int,
) -> Specimen:
    counted = count(answers.tolist(), classes)
    if confusion is not None:
        shares, low, high = corrected_shares(counted["cells"], confusion, seed=seed)
        counted = counted.assign(corrected=shares, corrected_low=low, corrected_high=high)
    review = table.get("review", pd.Series("", index=table.index)).astype("str")
    refused = answers == UNIDENTIFIED
    wanted = (review.str.lower() == "true") & (answers == table["predicted"])
    return Specimen(
        name=name,
        table=counted,
        unidentified=int(refused.sum()),
        review=tuple(table.loc[wanted | refused, "path"]),
        answers=tuple(_answer(question, counted) for question in questions),
    )


def _answer(question: Question, counted: pd.DataFrame) -> str:
    (row,) = counted[counted["class"] == question.class_name].to_dict("records")
    cells = int(counted["cells"].sum())
    more = cells_to_settle(row["cells"], cells, question.share)
    said = f"{question.class_name} above {100 * question.share:g} %"
    if more is None:
        return f"{said}? Not settled, and no reasonable number of cells would settle it."
    if more:
        return f"{said}? Not settled: about {more:,} more cells would, if the share stays as it is."
    return f"{said}? {'Yes' if row['low'] > question.share else 'No'}."


def _read(path: Path) -> pd.DataFrame:
    """The file as text; it may have columns that a table of predictions has not."""
    if not path.is_file():
        raise DataError(f"no such file of predictions: {path}")
    try:
        table = read_texts(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a table: {error}") from error
    if "path" not in table and "sample_id" in table:
        table["path"] = table["sample_id"]
    missing = [name for name in ("path", "predicted") if name not in table]
    if missing or not len(table):
        raise DataError(
            f"{path} must have rows, and the columns 'path' and 'predicted'. "
            f"Received: {len(table):,} rows of {', '.join(map(str, table.columns))}"
        )
    empty = table["path"] == ""
    return table.assign(path=table["path"].where(~empty, table.get("sample_id", "")))


def _sidecar(path: Path) -> Sidecar | None:
    beside = sidecar_of(path)
    if not beside.is_file() or b'"schema_version"' not in beside.read_bytes():
        return None
    return read_sidecar(path.with_suffix(""))


def _classes(table: pd.DataFrame, sidecar: Sidecar | None) -> tuple[str, ...]:
    if sidecar is not None:
        return sidecar.classes
    named = [
        str(name).removeprefix(CLASS_PREFIX) for name in table if str(name).startswith(CLASS_PREFIX)
    ]
    answers = sorted({*table["predicted"], *answer_column(table)} - {UNIDENTIFIED})
    return tuple(dict.fromkeys([*named, *answers]))


def _specimens(table: pd.DataFrame, by: str) -> pd.Series[str]:
    if by == FOLDER:
        return table["path"].map(lambda path: str(PurePath(path).parent))
    if by in table:
        return table[by].astype("str")
    try:
        pattern = re.compile(by)
    except re.error as error:
        raise DataError(
            f"specimens must be told apart by 'folder', by a column "
            f"({', '.join(map(str, table.columns[:8]))}, ...) or by a regular expression. "
            f"Received: {by!r}, which is none ({error})"
        ) from error
    found = [pattern.search(path) for path in table["path"]]
    if None in found:
        row = found.index(None)
        raise DataError(
            f"{by!r} is no column, and as a regular expression it must be found in every path. "
            f"It is not in {table['path'].iloc[row]!r}.{hint(by, map(str, table.columns))}"
        )
    names = [one.group(1) if one.re.groups else one.group(0) for one in found if one is not None]
    return pd.Series(names, index=table.index, dtype="str")


def _printed(table: pd.DataFrame) -> str:
    def within(low: float, high: float) -> str:
        return "" if np.isnan(low) else f"{low:.1%} to {high:.1%}"

    rows = []
    for row in table.to_dict("records"):
        printed = {
            "class": row["class"],
            "cells": f"{row['cells']:,}",
            "share": "" if np.isnan(row["share"]) else f"{row['share']:.1%}",
            "95 % interval": within(row["low"], row["high"]),
            "all together": within(row["low_all"], row["high_all"]),
        }
        if "corrected" in row and not np.isnan(row["corrected"]):
            limits = within(row["corrected_low"], row["corrected_high"])
            printed["corrected"] = f"{row['corrected']:.1%} ({limits})"
        rows.append(printed)
    return pd.DataFrame(rows).to_string(index=False)
