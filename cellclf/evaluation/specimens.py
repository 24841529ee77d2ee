"""From a table of predictions to specimens: which cells are of which, and what each has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.errors import DataError, hint
from cellclf.evaluation.differential import (
    Correction,
    Question,
    answer_column,
    cells_to_settle,
    corrections,
    count,
)
from cellclf.evaluation.outliers import refused_too_many
from cellclf.evaluation.predictions import CLASS_PREFIX, UNIDENTIFIED
from cellclf.evaluation.reference import ReferenceRanges, read_reference
from cellclf.evaluation.review import reasons_to_review
from cellclf.terms import first_few

__all__ = ["FOLDER", "Asked", "Specimen", "refused_beyond", "specimens_of", "told_apart"]

FOLDER = "folder"
"""How specimens are told apart where nothing else is said: by the folder of the images."""

NAMED = 8
"""How many columns a message names."""

ANSWERS = (
    "predicted",
    "top_class",
    "confidence",
    "review",
    "outlier_score",
    "corrected",
    "why",
)
"""Columns that tell what a cell is, not whose."""


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """The count of one specimen.

    Attributes:
        name: What tells it apart.
        table: One row a class: see `cellclf.evaluation.differential.count`; with a correction
            `corrected`, `corrected_low`, `corrected_high`; with reference ranges `usual_low`,
            `usual_high` and `against_usual`: `below`, `within`, `above`, or `open`, where the
            interval lies across a limit. Where there is a correction, it is the corrected interval
            that is held against the ranges, and that settles questions.
        unidentified: Cells that are none of the classes.
        review: Paths of the cells that a person should look at, and that nobody has.
        reviewed: Cells whose answer is a reviewer's. Where there are any, shares are not corrected.
        answers: What becomes of the questions, a sentence each.
    """

    name: str
    table: pd.DataFrame
    unidentified: int
    review: tuple[str, ...]
    reviewed: int = 0
    answers: tuple[str, ...] = ()

    @property
    def corrected(self) -> bool:
        """Shares are corrected for what the model confuses."""
        return "corrected" in self.table

    @property
    def identified(self) -> int:
        """Cells that are counted."""
        return int(self.table["cells"].sum())


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be said of each specimen besides its count.

    Attributes:
        questions: Whether a class makes up more than a share.
        reference: Ranges that shares are held against.
        confusion: What the model confuses, shape `(k, k)`, or `(k, k + 1)` with the cells that it
            refuses last; shares are corrected for it, but those of a specimen of which a reviewer
            has corrected something.
        seed: Decides the draws of the corrected intervals.
    """

    questions: tuple[Question, ...] = ()
    reference: ReferenceRanges | None = None
    confusion: NDArray[np.intp] | None = None
    seed: int = 0

    @classmethod
    def parsed(cls, questions: Sequence[str], reference: str | Path | None) -> Asked:
        """Read questions, and the file of ranges where there is one.

        Raises:
            DataError: A question is written otherwise, or the file cannot be read.
        """
        return cls(
            questions=tuple(Question.parsed(question) for question in questions),
            reference=None if reference is None else read_reference(Path(reference)),
        )

    def require(self, classes: Sequence[str]) -> None:
        """Make sure that questions and ranges are about classes that are counted.

        Raises:
            DataError: One is not.
        """
        for question in self.questions:
            if question.class_name not in classes:
                raise DataError(
                    f"a question must be about one of {', '.join(classes)}. Received: "
                    f"{question.class_name!r}.{hint(question.class_name, classes)}"
                )
        if self.reference is not None:
            self.reference.require(classes)


def specimens_of(
    table: pd.DataFrame, names: pd.Series[str], classes: Sequence[str], asked: Asked
) -> tuple[Specimen, ...]:
    """Count each specimen.

    Args:
        table: Columns `path` and `predicted`, and `review` and `corrected` where there are any.
        names: Specimen of each row.
        classes: Class names.
        asked: What is to be said besides.

    Returns:
        In the order of their names.
    """
    answers = answer_column(table)
    correction = (
        None if asked.confusion is None else Correction.of(asked.confusion, seed=asked.seed)
    )
    rows_of = {str(name): rows for name, rows in names.groupby(names.to_numpy()).indices.items()}
    return tuple(
        _specimen(
            name,
            table.iloc[rows_of[name]],
            answers.iloc[rows_of[name]],
            classes,
            asked=asked,
            correction=correction,
        )
        for name in sorted(rows_of)
    )


def refused_beyond(
    specimens: Sequence[Specimen], thresholds: Mapping[str, float]
) -> tuple[str, ...]:
    """Say of which specimens more cells are refused than cells of known classes would be.

    See `cellclf.evaluation.outliers.refused_too_many`.

    Args:
        specimens: What was counted.
        thresholds: What turns probabilities into answers, as a sidecar has it.

    Returns:
        A sentence or two each.
    """
    said = (
        refused_too_many(
            one.unidentified,
            one.identified + one.unidentified,
            thresholds,
            of=f" of {one.name or 'the specimen without a name'}",
            asked=len(specimens),
        )
        for one in specimens
    )
    return tuple(filter(None, said))


def told_apart(table: pd.DataFrame, by: str) -> pd.Series[str]:
    """Return the specimen of each row.

    Args:
        table: With a column `path`.
        by: `folder`, for the folder that an image is in; the name of a column; or a regular
            expression that is searched in the path, whose first group, or whole, is the specimen.

    Raises:
        DataError: `by` is none of these, tells nothing apart, or is not found in a path.
    """
    if by == FOLDER:
        return table["path"].map(_folder)
    if by in table:
        if by in ANSWERS or by.startswith(CLASS_PREFIX):
            raise DataError(
                f"specimens must be told apart by what is no answer. Received: the column {by!r}"
            )
        column = table[by].fillna("").astype("str")
        if len(column) and not column.str.strip().any():
            raise DataError(
                f"specimens must be told apart by a column that says something. Received: {by!r}, "
                f"and {by!r} is empty in every row"
            )
        return column
    try:
        pattern = re.compile(by)
    except re.error as error:
        raise DataError(
            f"specimens must be told apart by 'folder', by a column "
            f"({first_few(table.columns, most=NAMED)}) or by a regular expression. "
            f"Received: {by!r}, which is none ({error})"
        ) from error
    found = [pattern.search(path) for path in table["path"]]
    if None in found:
        row = found.index(None)
        raise DataError(
            f"{by!r} is no column, and as a regular expression it must be found in every path. "
            f"It is not in {table['path'].iloc[row]!r}.{hint(by, map(str, table.columns))}"
        )
    # A group that took no part in what was found says nothing: the specimen without a name.
    names = [
        (one.group(1) or "") if one.re.groups else one.group(0) for one in found if one is not None
    ]
    if names and not any(names):
        raise DataError(
            f"specimens must be told apart by something. Received: {by!r}, which finds an empty "
            "text in every path"
        )
    return pd.Series(names, index=table.index, dtype="str")


def _folder(path: str) -> str:
    """The folder of an image, also where the table was made on Windows."""
    if "://" in path:  # an address, whose two slashes a path would make one
        return path.rpartition("/")[0]
    windows = "\\" in path and "/" not in path
    return str((PureWindowsPath if windows else PurePath)(path).parent)


def _specimen(
    name: str,
    table: pd.DataFrame,
    answers: pd.Series[str],
    classes: Sequence[str],
    *,
    asked: Asked,
    correction: Correction | None,
) -> Specimen:
    counted = count(answers.tolist(), classes)
    refused = answers == UNIDENTIFIED
    seen = corrections(table) != ""
    if correction is not None and not seen.any():
        cells = counted["cells"].tolist()
        if correction.rows.shape[1] > len(cells):
            cells.append(int(refused.sum()))
        shares, low, high = correction.shares(cells)
        counted = counted.assign(corrected=shares, corrected_low=low, corrected_high=high)
    if asked.reference is not None:
        counted = _against(counted, asked.reference)
    return Specimen(
        name=name,
        table=counted,
        unidentified=int(refused.sum()),
        review=tuple(table.loc[(reasons_to_review(table) != "") & ~seen, "path"]),
        reviewed=int(seen.sum()),
        answers=tuple(_answer(question, counted) for question in asked.questions),
    )


def _limits(counted: pd.DataFrame) -> tuple[str, str]:
    """Columns of the interval that speaks for a share: the corrected one where there is one."""
    if "corrected" in counted:
        return "corrected_low", "corrected_high"
    return "low", "high"


def _against(counted: pd.DataFrame, usual: ReferenceRanges) -> pd.DataFrame:
    limits = [usual.ranges.get(name, (np.nan, np.nan)) for name in counted["class"]]
    low, high = _limits(counted)
    rows = zip(counted["class"], counted[low], counted[high], strict=True)
    return counted.assign(
        usual_low=[lowest for lowest, _ in limits],
        usual_high=[highest for _, highest in limits],
        against_usual=[usual.compared(*row) for row in rows],
    )


def _answer(question: Question, counted: pd.DataFrame) -> str:
    asked = f"{question.class_name} above {100 * question.share:g} %?"
    cells = int(counted["cells"].sum())
    if not cells:
        return f"{asked} Not settled: no cell was counted."
    (row,) = counted[counted["class"] == question.class_name].to_dict("records")
    low, high = (row[limit] for limit in _limits(counted))
    corrected = "corrected" in row
    if low > question.share or high < question.share:
        said = "Yes" if low > question.share else "No"
        return f"{asked} {said}{', by the corrected share' if corrected else ''}."
    more = cells_to_settle(row["cells"], cells, question.share)
    if more == 0:
        return f"{asked} Not settled: it would be, were the share not corrected."
    share = "uncorrected share" if corrected else "share"
    if more is None:
        return f"{asked} Not settled, and no reasonable number of cells would settle the {share}."
    return (
        f"{asked} Not settled: about {more:,} more cells would settle the {share}, if it stays as "
        "it is."
    )
