"""The review list: the cells that a person should look at, and what the person found."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cellclf.errors import DataError
from cellclf.evaluation.differential import corrections
from cellclf.evaluation.predictions import UNIDENTIFIED, review_flags
from cellclf.spreadsheets import read_texts, write_table

__all__ = [
    "read_review",
    "reasons_to_review",
    "review_list",
    "says_what_to_review",
    "with_corrections",
    "write_review",
]

COLUMNS = (
    "sample_id",
    "path",
    "specimen",
    "why",
    "predicted",
    "top_class",
    "confidence",
    "corrected",
)


def reasons_to_review(table: pd.DataFrame) -> pd.Series[str]:
    """Return why a person should look at each cell of a table of predictions.

    Args:
        table: Column `predicted`, and `review` where there is one; as values or as text.

    Returns:
        `unidentified`, `unsure` or, where the model is not calibrated and every answer needs a
        person, `not calibrated`; empty for a cell that need not be looked at.

    Raises:
        DataError: `review` holds something else than true and false.
    """
    why = pd.Series("", index=table.index, dtype="str")
    if "review" in table:
        marked = review_flags(table["review"])
        why = why.mask(marked.isna(), "not calibrated").mask(marked.fillna(False), "unsure")
    return why.mask(table["predicted"] == UNIDENTIFIED, "unidentified")


def says_what_to_review(table: pd.DataFrame) -> bool:
    """Tell whether a table of predictions comes of a model that is calibrated.

    A table of another program's, without a column `review`, is taken at its word.
    """
    return "review" not in table or bool(review_flags(table["review"]).notna().any())


def review_list(table: pd.DataFrame, specimens: pd.Series[str]) -> pd.DataFrame:
    """Return the cells that a person should look at, in the order to look at them.

    Args:
        table: Predictions of new images.
        specimens: Specimen of each row.

    Returns:
        Columns `sample_id, path, specimen, why, predicted, top_class, confidence, corrected`: first
        the cells that are none of the classes, then the others, the least sure first. `why` is what
        `reasons_to_review` says. `corrected` is empty.
    """
    why = reasons_to_review(table)
    listed = table.assign(why=why, specimen=specimens, corrected="", order=why != "unidentified")
    wanted = listed[listed["why"] != ""].sort_values(["order", "confidence"], kind="stable")
    return wanted[list(COLUMNS)].reset_index(drop=True)


def write_review(listed: pd.DataFrame, path: Path) -> None:
    """Write a review list as CSV, for a person to fill in the last column.

    Paths of images below the folder of the file are written relative to it, others in full: so the
    dataset `csv` finds them.

    Raises:
        RunError: The place cannot be written to.
    """
    folder = path.absolute().parent

    def placed(name: str) -> str:
        whole = Path(name).absolute()
        return (whole.relative_to(folder) if whole.is_relative_to(folder) else whole).as_posix()

    write_table(listed.assign(path=listed["path"].map(placed)), path)


def read_review(path: Path) -> pd.DataFrame:
    """Read a review list that a person has filled in.

    Returns:
        Columns `sample_id` and `corrected`, a row for each cell with a correction.

    Raises:
        DataError: There is no such file, or it is no review list.
    """
    if not path.is_file():
        raise DataError(f"no such review list: {path}")
    try:
        table = read_texts(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a table: {error}") from error
    missing = [name for name in ("sample_id", "corrected") if name not in table]
    if missing:
        raise DataError(
            f"a review list must have the columns 'sample_id' and 'corrected'. Received: "
            f"{', '.join(map(str, table.columns))}, in {path}"
        )
    found = table.assign(corrected=corrections(table))[["sample_id", "corrected"]]
    found = found[found["corrected"] != ""]
    twice = found["sample_id"][found["sample_id"].duplicated()]
    if len(twice):
        raise DataError(f"{path} must name each cell once. Received twice: {twice.iloc[0]!r}")
    return found


def with_corrections(table: pd.DataFrame, review: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with what a person found.

    Args:
        table: Predictions, with a column `sample_id`, or `path` in its place.
        review: What `read_review` returns.

    Raises:
        DataError: A cell of the list is not among the predictions.
    """
    ids = table["sample_id"] if "sample_id" in table else table["path"]
    by_id = dict(zip(review["sample_id"], review["corrected"], strict=True))
    unknown = sorted({*by_id} - {*ids})
    if unknown:
        raise DataError(
            f"every cell of the review list must be among the predictions. "
            f"Received: {unknown[0]!r}{f', and {len(unknown) - 1:,} more' if unknown[1:] else ''}"
        )
    pairs = zip(ids, corrections(table), strict=True)
    corrected = [by_id.get(name, already) for name, already in pairs]
    return table.assign(corrected=pd.Series(corrected, index=table.index, dtype="str"))
