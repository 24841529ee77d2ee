"""The table of predictions, one row a sample: the currency of everything after the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cellclf.errors import DataError, did_you_mean

__all__ = [
    "CLASS_PREFIX",
    "COLUMNS",
    "SUM_TOLERANCE",
    "TEXT_COLUMNS",
    "UNIDENTIFIED",
    "checked_table",
    "class_column",
    "classes_of",
    "labelled",
    "predictions_table",
    "probabilities",
    "review_flags",
    "true_classes",
    "with_probabilities",
    "writable",
]

TEXT_COLUMNS = ("sample_id", "path", "group", "split", "label", "predicted", "top_class")
NUMBER_COLUMNS = ("confidence", "review", "outlier_score")
COLUMNS: tuple[str, ...] = (*TEXT_COLUMNS, *NUMBER_COLUMNS)
"""The columns before those of the classes, in their order."""

UNIDENTIFIED = "unidentified"
"""What stands in `predicted` for a cell that is none of the classes; no class is called that."""

CLASS_PREFIX = "p_"
"""How the column of a class's probabilities begins."""

SUM_TOLERANCE = 1e-3
"""How far the probabilities of a row may sum from 1: they may have been rounded to four digits."""


def predictions_table(
    *,
    sample_ids: Sequence[str],
    paths: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    splits: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    probabilities: ArrayLike,
    classes: Sequence[str],
    outlier_scores: ArrayLike | None = None,
) -> pd.DataFrame:
    """Put predictions into one table.

    Args:
        sample_ids: One per row, `n` of them, all different.
        paths: Where the images are; empty for images that are in no file.
        groups: What each sample may not be parted from, as one text; empty for new images.
        splits: The part each sample is in; empty for new images.
        labels: Class names, empty where not known.
        probabilities: Shape `(n, k)`, 0 to 1, rows that sum to 1.
        classes: The `k` class names, in the order of the network's outputs.
        outlier_scores: How unlike the training images each is, shape `(n,)`; missing by default.

    Returns:
        Columns `sample_id, path, group, split, label, predicted, top_class, confidence, review,
        outlier_score` and one `p_<class>` for each class. Text that is not known is empty.
        `confidence` is the largest probability and `top_class` its class. `predicted` is
        `top_class` too, and `review` is missing, until something decides to refuse cells. Numbers
        are float32.

    Raises:
        DataError: Columns of different lengths, ids that repeat, labels that are no class, or
            numbers that are no probabilities.

    Example:
        >>> table = predictions_table(
        ...     sample_ids=["a.png"], probabilities=[[0.25, 0.75]], classes=("round", "long")
        ... )
        >>> table[["sample_id", "predicted", "confidence", "p_round"]].to_dict("records")
        [{'sample_id': 'a.png', 'predicted': 'long', 'confidence': 0.75, 'p_round': 0.25}]
    """
    number = len(sample_ids)
    given = {
        "sample_id": sample_ids,
        "path": paths,
        "group": groups,
        "split": splits,
        "label": labels,
    }
    texts = {name: [""] * number if column is None else column for name, column in given.items()}
    for name, column in texts.items():
        if len(column) != number:
            raise DataError(
                f"every column must have {number} rows, one a sample. "
                f"Received: {len(column)} for {name!r}"
            )
    prob = np.asarray(probabilities, dtype=np.float32)
    if prob.shape != (number, len(classes)):
        raise DataError(
            f"`probabilities` must have shape ({number}, {len(classes)}): samples, classes. "
            f"Received: shape {prob.shape}"
        )
    scores = np.full(number, np.nan) if outlier_scores is None else np.asarray(outlier_scores)
    if scores.shape != (number,):
        raise DataError(
            f"`outlier_scores` must have shape ({number},). Received: shape {scores.shape}"
        )
    # argmax has nothing to choose from where there are no classes; `checked_table` says so.
    top = prob.argmax(axis=1) if len(classes) else np.zeros(number, dtype=np.intp)
    top_class = [classes[place] for place in top] if len(classes) else [""] * number
    text = {name: [writable(value) for value in column] for name, column in texts.items()}
    columns: dict[str, object] = {
        **{name: pd.Series(column, dtype="str") for name, column in text.items()},
        "predicted": pd.Series(top_class, dtype="str"),
        "top_class": pd.Series(top_class, dtype="str"),
        "confidence": prob.max(axis=1, initial=0.0),
        "review": pd.Series([pd.NA] * number, dtype="boolean"),
        "outlier_score": scores.astype(np.float32),
        **{class_column(name): prob[:, place] for place, name in enumerate(classes)},
    }
    if len(columns) != len(COLUMNS) + len(classes):
        raise DataError(f"`classes` must be different names. Received: classes={tuple(classes)!r}")
    return checked_table(pd.DataFrame(columns))


def with_probabilities(table: pd.DataFrame, prob: ArrayLike) -> pd.DataFrame:
    """Return a table of predictions with other probabilities, and the classes that follow.

    Args:
        table: What `predictions_table` made.
        prob: Shape `(n, k)`, in class order.
    """
    changed = predictions_table(
        sample_ids=table["sample_id"].tolist(),
        paths=table["path"].tolist(),
        groups=table["group"].tolist(),
        splits=table["split"].tolist(),
        labels=table["label"].tolist(),
        probabilities=prob,
        classes=classes_of(table),
        outlier_scores=table["outlier_score"],
    )
    return changed.set_index(table.index)


def class_column(name: str) -> str:
    """Return the name of the column that holds the probabilities of a class."""
    return f"{CLASS_PREFIX}{name}"


def classes_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the class names that a table of predictions has columns for, in their order."""
    # By place, not by prefix alone: no column before the classes' is one of theirs.
    return tuple(str(name).removeprefix(CLASS_PREFIX) for name in table.columns[len(COLUMNS) :])


def probabilities(table: pd.DataFrame) -> NDArray[np.float32]:
    """Return the probabilities of a table of predictions, shape `(n, k)`, in class order."""
    return table[table.columns[len(COLUMNS) :]].to_numpy(dtype=np.float32)


def labelled(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose label is known."""
    return table[table["label"] != ""]


def true_classes(table: pd.DataFrame) -> NDArray[np.intp]:
    """Return the class number of each row's label, shape `(n,)`; -1 where it is not known."""
    return pd.Index(classes_of(table)).get_indexer(pd.Index(table["label"])).astype(np.intp)


def checked_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` as it is, if it is a table of predictions.

    Raises:
        DataError: It is not, and why not.
    """
    names = [str(name) for name in table.columns]
    for place, name in enumerate(COLUMNS):
        if names[place : place + 1] != [name]:
            found = names[place] if place < len(names) else "nothing"
            raise DataError(
                f"column {place + 1} of a table of predictions must be {name!r}. "
                f"Received: {found!r}"
            )
    for name in names[len(COLUMNS) :]:
        if not name.startswith(CLASS_PREFIX) or name == CLASS_PREFIX:
            near = did_you_mean(name, COLUMNS)
            hint = f" Did you mean {near!r}, which comes earlier?" if near else ""
            raise DataError(
                f"columns after {COLUMNS[-1]!r} must be called {CLASS_PREFIX}<class>. "
                f"Received: {name!r}.{hint}"
            )
    classes = classes_of(table)
    if len(classes) < 2 or len(set(classes)) < len(classes):
        raise DataError(
            "a table of predictions must have columns for two or more different classes. "
            f"Received: {classes!r}"
        )
    if UNIDENTIFIED in classes:
        raise DataError(
            f"no class may be called {UNIDENTIFIED!r}, which stands for a cell that is none of "
            "the classes: rename it"
        )
    _check_rows(table, classes)
    return table


def _check_rows(table: pd.DataFrame, classes: tuple[str, ...]) -> None:
    repeated = table["sample_id"][table["sample_id"].duplicated()]
    if len(repeated):
        raise DataError(f"sample ids must be unique. Received twice: {repeated.iloc[0]!r}")
    for column, allowed in (("label", {*classes, ""}), ("top_class", set(classes))):
        unknown = sorted(set(table[column]) - allowed)
        if unknown:
            raise DataError(
                f"every {column} must be one of the classes {', '.join(classes)}. "
                f"Received: {', '.join(map(repr, unknown))}"
            )
    prob = probabilities(table)
    sums = prob.sum(axis=1, dtype=np.float64)
    wrong = ~((prob >= 0).all(axis=1) & (np.abs(sums - 1) <= SUM_TOLERANCE))
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            "probabilities must be 0 or more and sum to 1 in each row. "
            f"Received: {prob[row].tolist()} for {table['sample_id'].iloc[row]!r}"
        )


def writable(text: str) -> str:
    r"""Spell bytes of a file name that are not UTF-8 as `\udcff`: no file format takes them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def review_flags(column: pd.Series[Any]) -> pd.Series[bool]:
    """Return the column `review` as booleans, missing where nothing stands.

    Args:
        column: Booleans, or text: spreadsheets write `TRUE` for `True`.

    Raises:
        DataError: Something else stands there.

    Example:
        >>> review_flags(pd.Series(["TRUE", "false", ""])).tolist()
        [True, False, <NA>]
    """
    words: dict[str, object] = {"true": True, "false": False, "": pd.NA}
    texts = [str(cell).strip().casefold() if pd.notna(cell) else "" for cell in column]
    wrong = [cell for cell, text in zip(column, texts, strict=True) if text not in words]
    if wrong:
        raise DataError(
            f"the column 'review' must say True or False, or nothing. Received: {wrong[0]!r}"
        )
    return pd.Series([words[text] for text in texts], index=column.index, dtype="boolean")
