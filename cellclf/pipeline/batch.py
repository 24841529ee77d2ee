"""New images as a laboratory wants them: a page with the counts, and a list for a reviewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from cellclf.errors import DataError
from cellclf.evaluation.abstention import found_none
from cellclf.evaluation.predictions import COLUMNS, classes_of
from cellclf.evaluation.review import review_list, write_review
from cellclf.evaluation.specimens import FOLDER, Asked, told_apart
from cellclf.inference.classified import Classified
from cellclf.pipeline.count_page import write_count_page
from cellclf.pipeline.differential import Differential, counted

__all__ = ["batch_report", "check_batch"]


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
    table = classified.table
    if not len(table):
        raise DataError("there must be an image that can be read. Received: none")
    found = counted(
        table,
        classes=classes_of(table),
        sidecar=classified.sidecar,
        by=by,
        questions=questions,
        reference=reference,
        correct=correct,
        seed=seed,
    )
    found = replace(found, notes=(*found.notes, *classified.notes), drift=classified.drift)
    sidecar = classified.sidecar
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
            unreadable=classified.unreadable,
        )
    return found


def check_batch(
    paths: Sequence[Path],
    *,
    by: str = FOLDER,
    questions: Sequence[str] = (),
    reference: str | Path | None = None,
) -> Asked:
    """Make sure, before any image is read, that `batch_report` can do what it is asked for.

    Returns:
        The questions and ranges, whose classes are known when the model is:
        `Asked.require(classifier.classes)` makes sure of them.

    Raises:
        DataError: Specimens cannot be told apart, or a question or the file of ranges is wrong.
    """
    names = [str(path) for path in paths]
    columns = {**dict.fromkeys(COLUMNS, ""), "path": names, "sample_id": names}
    told_apart(pd.DataFrame(columns), by)
    return Asked.parsed(questions, reference)
