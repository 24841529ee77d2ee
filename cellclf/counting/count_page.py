"""From counts of specimens to the page that people read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd

from cellclf.counting.counts import Differential
from cellclf.evaluation.abstention import found_none
from cellclf.evaluation.differential import corrections
from cellclf.evaluation.prediction_files import Sidecar
from cellclf.evaluation.review import review_list
from cellclf.reporting.batch_page import BatchPage, write_batch_page

__all__ = ["listable", "listed_cells", "write_count_page"]


def listable(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of predictions, typed or as text, as a review list can be taken from it.

    Args:
        table: Columns `path` and `predicted`, and others where there are any. Rows that a reviewer
            has looked at are left out.
    """
    numbers = {
        name: pd.to_numeric(table[name], errors="coerce") if name in table else float("nan")
        for name in ("confidence", "outlier_score")
    }
    texts = {
        name: table[name] if name in table else table[instead]
        for name, instead in (("sample_id", "path"), ("top_class", "predicted"))
    }
    return table.assign(**texts, **numbers)[corrections(table) == ""]


def listed_cells(
    table: pd.DataFrame, specimens: pd.Series[str], sidecar: Sidecar | None
) -> pd.DataFrame:
    """Return the cells that a person should look at, in the order to look at them.

    Args:
        table: Predictions of new images.
        specimens: Specimen of each row.
        sidecar: What is known of the model.

    Returns:
        As `cellclf.evaluation.review.review_list`.
    """
    return review_list(table, specimens, threshold=_has_threshold(sidecar))


def write_count_page(
    path: Path,
    found: Differential,
    *,
    table: pd.DataFrame,
    listed: pd.DataFrame,
    sidecar: Sidecar | None,
    review_file: str = "",
    unreadable: Mapping[str, str] | None = None,
) -> None:
    """Write the page of some counts as one HTML file; it appears whole or not at all.

    Args:
        path: Where to.
        found: The counts.
        table: What was counted.
        listed: What a person should look at, of `listed_cells`.
        sidecar: What is known of the model.
        review_file: Where all of the list is; empty where it was not written.
        unreadable: Reason by path, for files that gave no image.

    Raises:
        RunError: The place cannot be written to.
    """
    folders = dict.fromkeys(str(Path(name).parent) for name in table["path"])
    write_batch_page(
        path,
        BatchPage(
            sidecar=sidecar,
            written=datetime.now().astimezone(),
            folders=tuple(folders),
            images=len(table),
            drift=found.drift,
            notes=found.notes,
            listed=listed,
            review_file=review_file,
            calibrated=found.calibrated,
            threshold=_has_threshold(sidecar),
            specimens=found.specimens,
            corrected=found.corrected,
            uncorrected=found.uncorrected,
            reviewed=found.reviewed,
            source=found.source,
            unreadable={} if unreadable is None else unreadable,
        ),
    )


def _has_threshold(sidecar: Sidecar | None) -> bool:
    """Whether a confidence was found from which on answers do without a person."""
    return sidecar is None or not found_none(sidecar.thresholds)
