"""The review list: the cells that a person should look at, and what the person found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cellclf.errors import DataError, RunError, hint
from cellclf.evaluation.differential import corrections
from cellclf.evaluation.predictions import COLUMNS as PREDICTION_COLUMNS
from cellclf.evaluation.predictions import UNIDENTIFIED, review_flags
from cellclf.spreadsheets import read_texts, write_table

__all__ = [
    "read_review",
    "reasons_to_review",
    "require_uncorrected",
    "review_list",
    "says_what_to_review",
    "spelt",
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
    "outlier_score",
    "corrected",
)
MISTAKES_SHOWN = 20

PREDICTIONS = f"{','.join(PREDICTION_COLUMNS)},".encode()
"""How a file of predictions begins that nobody has changed."""

MOST_OF_HEADER = 1 << 20


def reasons_to_review(table: pd.DataFrame, *, threshold: bool = True) -> pd.Series[str]:
    """Return why a person should look at each cell of a table of predictions.

    Args:
        table: Column `predicted`, and `review` where there is one; as values or as text.
        threshold: A confidence was found from which on answers do without a person.

    Returns:
        `unidentified`, `unsure`, or, where every answer needs a person, `no threshold` or, of a
        model that is not calibrated, `not calibrated`; empty for a cell that need not be looked at.

    Raises:
        DataError: `review` holds something else than true and false.
    """
    why = pd.Series("", index=table.index, dtype="str")
    if "review" in table:
        marked = review_flags(table["review"])
        why = why.mask(marked.isna(), "not calibrated").mask(
            marked.fillna(False), "unsure" if threshold else "no threshold"
        )
    return why.mask(table["predicted"] == UNIDENTIFIED, "unidentified")


def says_what_to_review(table: pd.DataFrame) -> bool:
    """Tell whether a table of predictions comes of a model that is calibrated.

    A table of another program's, without a column `review`, is taken at its word.
    """
    return "review" not in table or bool(review_flags(table["review"]).notna().any())


def review_list(
    table: pd.DataFrame, specimens: pd.Series[str], *, threshold: bool = True
) -> pd.DataFrame:
    """Return the cells that a person should look at, in the order to look at them.

    Args:
        table: Predictions of new images.
        specimens: Specimen of each row.
        threshold: A confidence was found from which on answers do without a person.

    Returns:
        Columns `sample_id, path, specimen, why, predicted, top_class, confidence, outlier_score,
        corrected`: first the cells that are none of the classes, those most unlike the training
        images first, then the others, the least sure first. `why` is what `reasons_to_review` says.
        `corrected` is empty.
    """
    why = reasons_to_review(table, threshold=threshold)
    refused = why == "unidentified"
    order = table["confidence"].mask(refused, -table["outlier_score"])
    listed = table.assign(why=why, specimen=specimens, corrected="", answered=~refused, order=order)
    wanted = listed[listed["why"] != ""].sort_values(["answered", "order"], kind="stable")
    return wanted[list(COLUMNS)].reset_index(drop=True)


def write_review(listed: pd.DataFrame, path: Path) -> None:
    """Write a review list as CSV, for a person to fill in the last column.

    Paths of images below the folder of the file are written relative to it, others in full: so the
    dataset `csv` finds them. Addresses stay as they are.

    Raises:
        RunError: The place cannot be written to, or holds a person's corrections.
    """
    require_uncorrected(path)
    folder = path.absolute().parent

    def placed(name: str) -> str:
        if "://" in name:
            return name
        whole = Path(name).absolute()
        return (whole.relative_to(folder) if whole.is_relative_to(folder) else whole).as_posix()

    write_table(listed.assign(path=listed["path"].map(placed)), path)


def require_uncorrected(path: Path) -> None:
    """Make sure that a table to be written overwrites no corrections of a person.

    Raises:
        RunError: It would, or what is there cannot be read.
    """
    if not path.is_file() or not path.stat().st_size:
        return
    try:
        with path.open("rb") as file:
            first = file.readline(MOST_OF_HEADER)
        if first.startswith(PREDICTIONS) and b"corrected" not in first:
            return  # rows of predictions, as they were written: there may be very many
        filled = int((corrections(read_texts(path)) != "").sum())
    except (OSError, ValueError) as error:
        raise RunError(
            f"{path} is there and cannot be read, so that corrections in it might be lost "
            f"({error}): give another name"
        ) from error
    if filled:
        raise RunError(
            f"{path} has an answer of a person in {filled:,} rows of 'corrected', which would be "
            "overwritten: give another name"
        )


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


def spelt(table: pd.DataFrame, classes: Sequence[str], path: Path) -> pd.DataFrame:
    """Return a table whose column `corrected` spells the classes as the model does.

    Args:
        table: Columns `corrected`, and `sample_id`, or `path` in its place.
        classes: Class names.
        path: The file that the table was read from.

    Raises:
        DataError: An answer is neither a class nor `unidentified`, in small letters or capitals.
    """
    ids = table["sample_id"] if "sample_id" in table else table["path"]
    known = (*classes, UNIDENTIFIED)
    folded: dict[str, list[str]] = {}
    for name in known:
        folded.setdefault(name.casefold(), []).append(name)

    def meant(answer: str) -> str | None:
        if answer in ("", *known):
            return answer
        alike = folded.get(answer.casefold(), [])
        return alike[0] if len(alike) == 1 else None

    answers = corrections(table)
    found = [meant(answer) for answer in answers]
    wrong = [
        f"\n  {sample}: {answer!r}.{hint(answer.casefold(), known)}"
        for sample, answer, one in zip(ids, answers, found, strict=True)
        if one is None
    ]
    if wrong:
        more = len(wrong) - MISTAKES_SHOWN
        raise DataError(
            f"every answer in 'corrected' of {path} must be one of {', '.join(classes)}, or "
            f"{UNIDENTIFIED!r}. Received:{''.join(wrong[:MISTAKES_SHOWN])}"
            f"{f'{chr(10)}  and {more:,} more' if more > 0 else ''}"
        )
    return table.assign(corrected=pd.Series(found, index=table.index, dtype="str"))


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
