"""New images as a laboratory wants them: a page with the counts, and a list for a reviewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from cellclf.errors import DataError
from cellclf.evaluation.abstention import found_none
from cellclf.evaluation.prediction_files import Sidecar
from cellclf.evaluation.predictions import COLUMNS, classes_of
from cellclf.evaluation.review import review_list, write_review
from cellclf.evaluation.specimens import FOLDER, Asked, told_apart
from cellclf.inference.classified import Classified
from cellclf.pipeline.count_page import write_count_page
from cellclf.pipeline.differential import Differential, counted

__all__ = ["batch_report", "check_batch", "table_report"]


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
        sidecar=classified.sidecar,
        notes=classified.notes,
        unreadable=classified.unreadable,
        page=page,
        review=review,
        by=by,
        questions=questions,
        reference=reference,
        correct=correct,
        seed=seed,
    )


def table_report(
    table: pd.DataFrame,
    *,
    sidecar: Sidecar | None,
    notes: Sequence[str],
    unreadable: Mapping[str, str],
    page: str | Path | None = None,
    review: str | Path | None = None,
    by: str = FOLDER,
    questions: Sequence[str] = (),
    reference: str | Path | None = None,
    correct: bool = True,
    seed: int = 0,
) -> Differential:
    """Do what `batch_report` does, for a table that may have been read from a file.

    Args:
        table: Predictions of new images.
        sidecar: What it does not say of itself.
        notes: What a reader must know of the model and the images.
        unreadable: Reason by path, for files that gave no image.
        page: See `batch_report`, as for all others.
        review: See there.
        by: See there.
        questions: See there.
        reference: See there.
        correct: See there.
        seed: See there.

    Raises:
        DataError: As `batch_report`.
        RunError: As `batch_report`.
    """
    if not len(table):
        raise DataError("there must be an image that can be read. Received: none")
    found = counted(
        table,
        classes=classes_of(table),
        sidecar=sidecar,
        by=by,
        questions=questions,
        reference=reference,
        correct=correct,
        seed=seed,
    )
    drift = None if sidecar is None else sidecar.drift
    found = replace(found, notes=(*found.notes, *notes), drift=drift)
    no_threshold = sidecar is not None and found_none(sidecar.thresholds)
    listed = review_list(table, told_apart(table, by), threshold=not no_threshold)
    if review is not None:
        write_review(listed, Path(review))
    if page is not None:
        write_count_page(
            Path(page),
            found,
            table=table,
            listed=listed,
            sidecar=sidecar,
            threshold=not no_threshold,
            review_file="" if review is None else Path(review).name,
            unreadable=unreadable,
        )
    return found


def check_batch(
    names: Sequence[str],
    *,
    by: str = FOLDER,
    questions: Sequence[str] = (),
    reference: str | Path | None = None,
) -> Asked:
    """Make sure, before any image is read, that `batch_report` can do what it is asked for.

    Args:
        names: What the images are called: their paths.
        by: See `differential`.
        questions: See `differential`.
        reference: See `differential`.

    Returns:
        The questions and ranges, whose classes are known when the model is:
        `Asked.require(classifier.classes)` makes sure of them.

    Raises:
        DataError: Specimens cannot be told apart, or a question or the file of ranges is wrong.
    """
    columns = {**dict.fromkeys(COLUMNS, ""), "path": names, "sample_id": names}
    told_apart(pd.DataFrame(columns), by)
    return Asked.parsed(questions, reference)
