"""Differential counts from a file of predictions, one a specimen, after a review or before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from cellclf.counting.count import counted
from cellclf.counting.count_page import listable, listed_cells, write_count_page
from cellclf.counting.counts import Differential
from cellclf.counting.wanted import Wanted
from cellclf.errors import DataError
from cellclf.evaluation.differential import answer_column
from cellclf.evaluation.foreign import read_as_text
from cellclf.evaluation.prediction_files import Sidecar, read_sidecar, sidecar_of
from cellclf.evaluation.predictions import CLASS_PREFIX, UNIDENTIFIED
from cellclf.evaluation.review import read_review, spelt, with_corrections
from cellclf.evaluation.specimens import FOLDER, told_apart
from cellclf.inference.caveats import averaged, caveats

__all__ = ["differential"]


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
    wanted = Wanted.parsed(
        by=by, questions=questions, reference=reference, correct=correct, seed=seed
    )
    found = counted(
        table,
        classes=known or tuple(sorted({*answer_column(table)} - {UNIDENTIFIED})),
        sidecar=sidecar,
        wanted=wanted,
    )
    found = _with_sidecar(found, path, sidecar, correct=correct)
    if page is not None:
        left = listable(table)
        listed = listed_cells(left, told_apart(table, by).loc[left.index], sidecar)
        write_count_page(Path(page), found, table=table, listed=listed, sidecar=sidecar)
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
