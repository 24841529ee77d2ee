"""Differential counts from files of predictions, one a specimen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from cellclf.errors import DataError
from cellclf.evaluation.abstention import found_none
from cellclf.evaluation.differential import answer_column
from cellclf.evaluation.drift import Drift
from cellclf.evaluation.foreign import read_as_text
from cellclf.evaluation.prediction_files import Sidecar, read_sidecar, sidecar_of
from cellclf.evaluation.predictions import CLASS_PREFIX, UNIDENTIFIED
from cellclf.evaluation.review import (
    read_review,
    review_list,
    says_what_to_review,
    spelt,
    with_corrections,
)
from cellclf.evaluation.specimens import (
    FOLDER,
    Asked,
    Specimen,
    refused_beyond,
    specimens_of,
    told_apart,
)
from cellclf.inference.caveats import NOT_CALIBRATED, averaged, caveats, drifted
from cellclf.pipeline.count_page import listable, write_count_page
from cellclf.reporting.wording import percent, span
from cellclf.spreadsheets import write_table

__all__ = ["FOLDER", "Differential", "Specimen", "counted", "differential"]

NOT_CLINICAL = "Not for clinical use: no result of this may guide the care of a patient."
LABEL_SHIFT = (
    "Corrected shares assume that these images differ from those that the model was validated on "
    "in nothing but how many cells there are of each class."
)


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
        lines = [*drifted(self.drift), *self.notes]
        if not self.calibrated:
            lines.append(NOT_CALIBRATED)
        if lines:
            lines.append("")
        for one in self.specimens:
            total = one.identified + one.unidentified
            lines.append(f"{one.name}: {total:,} cells")
            if one.unidentified:
                lines.append(f"  {one.unidentified:,} are none of the classes, and are not counted")
            if one.review:
                named = ", ".join(one.review[:5]) + (", ..." if len(one.review) > 5 else "")
                lines.append(f"  {len(one.review):,} for review: {named}")
            if one.identified:
                lines += [f"  {line}" for line in _printed(one.table).splitlines()]
            lines += [f"  {answer}" for answer in one.answers]
            lines.append("")
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

    def write_csv(self, path: Path) -> None:
        """Write the table as CSV; the file appears whole or not at all."""
        write_table(self.table, path)


def differential(
    predictions: str | Path,
    *,
    by: str = FOLDER,
    questions: Sequence[str] = (),
    reference: str | Path | None = None,
    review: str | Path | None = None,
    page: str | Path | None = None,
    correct: bool = True,
    seed: int = 0,
) -> Differential:
    """Count the cells of each specimen. No network is needed.

    A cell counts as what a reviewer wrote into the column `corrected`, where there is one and it is
    filled in, else as what was predicted. Where the sidecar says what the model confuses, shares
    are corrected for that too, but those of a specimen of which a reviewer corrected something.

    Args:
        predictions: A `.csv`, `.parquet` or `.jsonl` file of predictions, of `cellclf predict`, of
            a run, or of another program with the columns `path` and `predicted`. Classes are those
            of the sidecar, else of the columns `p_<class>`, else whatever is an answer.
        by: What tells specimens apart: `folder`, for the folder that an image is in; the name of a
            column; or a regular expression that is searched in the path, whose first group, or
            whole, is the specimen.
        questions: Such as `eosinophil > 5 %`: whether that is so, or how many more cells would
            settle it. Corrected shares answer where there are any; the number of cells is about the
            uncorrected one.
        reference: A TOML file of usual ranges that shares are held against; see
            `cellclf.evaluation.reference.read_reference`.
        review: The review list of `cellclf predict --review`, with the column `corrected` filled
            in: it counts before what the predictions say.
        page: Where to write the page of `cellclf predict --report`, HTML, with these counts.
        correct: Whether to correct shares.
        seed: Decides the draws of the corrected intervals.

    Raises:
        DataError: A file cannot be read, a row has no answer or one that is no class, or specimens
            cannot be told apart.
        RunError: The page cannot be written.
    """
    path = Path(predictions)
    table = _read(path)
    sidecar = _sidecar(path)
    known = _known_classes(table, sidecar)
    if "corrected" in table and known:
        table = spelt(table, known, path)
    if review is not None:
        listed = read_review(Path(review))
        table = with_corrections(table, spelt(listed, known, Path(review)) if known else listed)
    empty = table["path"][answer_column(table) == ""]
    if len(empty):
        raise DataError(
            f"every row of {path} must have an answer, in 'predicted' or in 'corrected'. "
            f"Received: none for {len(empty):,}, such as {empty.iloc[0]!r}"
        )
    found = counted(
        table,
        classes=known or tuple(sorted({*answer_column(table)} - {UNIDENTIFIED})),
        sidecar=sidecar,
        by=by,
        questions=questions,
        reference=reference,
        correct=correct,
        seed=seed,
    )
    found = _with_sidecar(found, path, sidecar, correct=correct)
    if page is not None:
        threshold = sidecar is None or not found_none(sidecar.thresholds)
        left = listable(table)
        listed = review_list(left, told_apart(table, by).loc[left.index], threshold=threshold)
        write_count_page(
            Path(page), found, table=table, listed=listed, sidecar=sidecar, threshold=threshold
        )
    return found


def _with_sidecar(
    found: Differential, path: Path, sidecar: Sidecar | None, *, correct: bool
) -> Differential:
    """Counts with what is known of the model and the images."""
    if sidecar is None:
        beside = f"there is no {sidecar_of(path).name} beside {path.name}"
        missing = f"Not corrected for what the model confuses: {beside}."
        return replace(found, uncorrected=(missing,)) if correct else found
    return replace(
        found,
        notes=(
            *found.notes,
            *averaged(sidecar),
            *caveats(
                leaky=sidecar.leaky, synthetic=sidecar.synthetic, thresholds=sidecar.thresholds
            ),
        ),
        drift=sidecar.drift,
        calibrated=found.calibrated and sidecar.calibrated,
    )


def counted(
    table: pd.DataFrame,
    *,
    classes: Sequence[str],
    sidecar: Sidecar | None,
    by: str = FOLDER,
    questions: Sequence[str] = (),
    reference: str | Path | None = None,
    correct: bool = True,
    seed: int = 0,
) -> Differential:
    """Count the cells of each specimen of a table of predictions.

    Args:
        table: Columns `path` and `predicted`, and `review` and `corrected` where there are any.
        classes: Class names.
        sidecar: Says what the model confuses; without it shares are not corrected.
        by: See `differential`.
        questions: See `differential`.
        reference: See `differential`.
        correct: See `differential`.
        seed: See `differential`.
    """
    counts = None if sidecar is None or not correct else sidecar.confusion_counts
    asked = replace(
        Asked.parsed(questions, reference),
        confusion=None if counts is None else np.array(counts),
        seed=seed,
    )
    asked.require(classes)
    specimens = specimens_of(table, told_apart(table, by), classes, asked)
    return Differential(
        specimens=specimens,
        corrected=any(one.corrected for one in specimens),
        uncorrected=() if asked.confusion is None else _uncorrected(specimens),
        reviewed=sum(one.reviewed for one in specimens),
        source="" if asked.reference is None else asked.reference.source,
        notes=() if sidecar is None else refused_beyond(specimens, sidecar.thresholds),
        calibrated=says_what_to_review(table),
    )


def _read(path: Path) -> pd.DataFrame:
    """The file, as text; it may have columns that a table of predictions has not."""
    if not path.is_file():
        raise DataError(f"no such file of predictions: {path}")
    try:
        table = read_as_text(path)
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
    if {"why", "specimen"} <= {*table} and not _known_classes(table, None):
        raise DataError(
            f"{path} is a review list, which has the difficult cells alone: give the predictions, "
            "and this file with --review"
        )
    empty = table["path"] == ""
    return table.assign(path=table["path"].where(~empty, table.get("sample_id", "")))


def _sidecar(path: Path) -> Sidecar | None:
    beside = sidecar_of(path)
    if not beside.is_file() or b'"schema_version"' not in beside.read_bytes():
        return None
    return read_sidecar(path.with_suffix(""))


def _known_classes(table: pd.DataFrame, sidecar: Sidecar | None) -> tuple[str, ...]:
    """Of the sidecar, else of the columns of probabilities; none where neither names any."""
    if sidecar is not None:
        return sidecar.classes
    return tuple(
        str(name).removeprefix(CLASS_PREFIX) for name in table if str(name).startswith(CLASS_PREFIX)
    )


def _uncorrected(specimens: Sequence[Specimen]) -> tuple[str, ...]:
    """Say of which specimens a reviewer has corrected something, so that the rest is not."""
    return tuple(
        f"Shares of {one.name or 'the specimen without a name'} are not corrected for what the "
        f"model confuses: a reviewer gave {one.reviewed:,} of its answers."
        for one in specimens
        if one.reviewed
    )


def _printed(table: pd.DataFrame) -> str:
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
