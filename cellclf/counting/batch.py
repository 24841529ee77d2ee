"""New images as a laboratory wants them: a page with the counts, and a list for a reviewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from cellclf.counting.count import counted
from cellclf.counting.count_page import listed_cells, write_count_page
from cellclf.counting.counts import Differential
from cellclf.counting.wanted import Wanted
from cellclf.errors import DataError
from cellclf.evaluation.prediction_files import Sidecar
from cellclf.evaluation.predictions import classes_of
from cellclf.evaluation.review import write_review
from cellclf.evaluation.specimens import FOLDER, told_apart
from cellclf.inference.classified import Classified

__all__ = ["batch_report", "table_report"]


def batch_report(
    classified: Classified,
    *,
    page: str | Path | None = None,
    review: str | Path | None = None,
    by: str = FOLDER,
    questions: Sequence[str] = (),
    reference: str | Path | None = None,
    correct: bool = True,
    seed: int = 0,
) -> Differential:
    """Count the cells of each specimen of new images, and write that down for people.

    Args:
        classified: What `Classifier.classify` returned.
        page: Where to write the page, HTML: drift, cells for a person with pictures, counts.
        review: Where to write the review list, CSV, with an empty column `corrected`.
        by: What tells specimens apart; see `differential`.
        questions: Such as `eosinophil > 5 %`; see `differential`.
        reference: A TOML file of usual ranges; see `differential`.
        correct: Whether to correct shares for what the model confuses.
        seed: Decides the draws of the corrected intervals.

    Returns:
        The counts.

    Raises:
        DataError: No image could be read, or specimens cannot be told apart.
        RunError: A place cannot be written to.
    """
    return table_report(
        classified.table,
        wanted=Wanted.parsed(
            by=by, questions=questions, reference=reference, correct=correct, seed=seed
        ),
        sidecar=classified.sidecar,
        notes=classified.notes,
        unreadable=classified.unreadable,
        page=page,
        review=review,
    )


def table_report(
    table: pd.DataFrame,
    *,
    wanted: Wanted,
    sidecar: Sidecar | None,
    notes: Sequence[str],
    unreadable: Mapping[str, str],
    page: str | Path | None = None,
    review: str | Path | None = None,
) -> Differential:
    """Do what `batch_report` does, for a table that may have been read from a file.

    Args:
        table: Predictions of new images.
        wanted: How they are counted, and what is to be said besides.
        sidecar: What it does not say of itself.
        notes: What a reader must know of the model and the images.
        unreadable: Reason by path, for files that gave no image.
        page: Where to write the page.
        review: Where to write the review list.

    Raises:
        DataError: As `batch_report`.
        RunError: As `batch_report`.
    """
    if not len(table):
        raise DataError("there must be an image that can be read. Received: none")
    found = counted(table, classes=classes_of(table), sidecar=sidecar, wanted=wanted)
    drift = None if sidecar is None else sidecar.drift
    found = replace(found, notes=(*found.notes, *notes), drift=drift)
    listed = listed_cells(table, told_apart(table, wanted.by), sidecar)
    if review is not None:
        write_review(listed, Path(review))
    if page is not None:
        write_count_page(
            Path(page),
            found,
            table=table,
            listed=listed,
            sidecar=sidecar,
            review_file="" if review is None else Path(review).name,
            unreadable=unreadable,
        )
    return found
