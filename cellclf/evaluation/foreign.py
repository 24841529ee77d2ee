"""Predictions that another program wrote: its columns read as a table of predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.errors import DataError, did_you_mean
from cellclf.evaluation.prediction_files import READERS, read_predictions, read_table
from cellclf.evaluation.predictions import (
    CLASS_PREFIX,
    COLUMNS,
    SUM_TOLERANCE,
    checked_table,
    class_column,
    predictions_table,
)
from cellclf.terms import PARTS, first_few, part_named

__all__ = ["Understood", "read_any_predictions", "read_as_text", "understood"]

MAPPABLE = ("sample_id", "path", "group", "split", "label")
PER_CENT = 100

NAMED = 12
"""How many columns a message names."""


@dataclass(frozen=True, kw_only=True)
class Understood:
    """What was understood of a table.

    Attributes:
        table: A table of predictions; `split` is empty where no part was named.
        other_parts: What stands in `split` and names no part, each once, such as `fold 1`.
    """

    table: pd.DataFrame
    other_parts: tuple[str, ...] = ()


def read_any_predictions(path: Path, columns: Mapping[str, str] | None = None) -> Understood:
    """Read predictions from a file of ours, or from a table of another program's.

    A table of another program's has one row a sample, a column with the true class, and a column
    with the probability of each class. Where they have other names than ours, `columns` says which.

    Args:
        path: A `.parquet`, a `.csv` or a `.jsonl` file.
        columns: Name of the column in the file by the name that it has here: `sample_id`, `path`,
            `group`, `split`, `label`, or `p_<class>`. Where a `p_<class>` is named, the classes are
            those that are named; otherwise they are all columns that begin with `p_`.

    Returns:
        What is understood. Rows without an id are numbered from 1.

    Raises:
        DataError: The file cannot be read, or its columns cannot be understood; why.
    """
    if path.suffix.lower() not in READERS:
        return Understood(table=read_predictions(path))  # which says what it must be
    table = _read(path)
    ours = not columns and _is_ours(table)
    try:
        if not ours:
            return understood(table, columns or {})
        _check_cells(table)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return _with_parts(read_predictions(path))


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise DataError(f"no such file of predictions: {path}")
    try:
        return read_table(path)
    except UnicodeError as error:
        raise DataError(
            f"{path} is no text in UTF-8: save it as CSV in the encoding UTF-8, as spreadsheets "
            "and editors offer it"
        ) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a table: {error}") from error


def read_as_text(path: Path) -> pd.DataFrame:
    """Read any table, every cell as text, what is missing as empty text.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds no table.
    """
    table = read_table(path)
    return table if path.suffix.lower() == ".csv" else table.map(_text)


def understood(table: pd.DataFrame, columns: Mapping[str, str]) -> Understood:
    """Understand a table of another program's as a table of predictions.

    Args:
        table: One row a sample. One of ours is left as it is, but for parts that are none.
        columns: As `read_any_predictions`.

    Raises:
        DataError: Its columns cannot be understood; why.
    """
    if not columns and _is_ours(table):
        _check_cells(table)
        return _with_parts(checked_table(table))
    table = table.map(_text)
    _check_names(table, columns)
    theirs = {name: columns.get(name, name) for name in MAPPABLE}
    if theirs["label"] not in table:
        raise DataError(
            "there must be a column 'label' with the true class; where it has another name, say "
            f"which: label=NAME.{_such_as(table)}"
        )
    classes = _classes(table, columns)
    named = [ours for ours in columns if ours.startswith(CLASS_PREFIX)]
    own = [name for name in map(str, table.columns) if _is_of_class(name)]
    if len(named) == 1 and len(own) > 1:
        raise DataError(
            f"columns of classes are named for 1 class only, {named[0]!r}: name all classes, or "
            f"none, as the file has columns that begin with {CLASS_PREFIX}: {_listed(own)}"
        )
    if len(classes) < 2:
        raise DataError(
            "there must be a column with the probability of each class, called p_<class>; where "
            f"they have other names, say which: p_<class>=NAME.{_such_as(table)}"
        )
    labels = table[theirs["label"]].str.strip()
    _check_labels(labels, classes)
    given = {
        name: table[theirs[name]].str.strip().tolist() if theirs[name] in table else None
        for name in MAPPABLE
    }
    ids = given["sample_id"] or [str(row) for row in range(1, len(table) + 1)]
    return _with_parts(
        predictions_table(
            sample_ids=ids,
            paths=given["path"],
            groups=given["group"],
            splits=given["split"],
            labels=labels.tolist(),
            probabilities=_probabilities(table, classes),
            classes=tuple(classes),
        )
    )


def _is_ours(table: pd.DataFrame) -> bool:
    return tuple(table.columns[: len(COLUMNS)]) == COLUMNS


def _check_cells(table: pd.DataFrame) -> None:
    """Say in which row and column of a table of ours something is amiss."""
    classes = _classes(table, {})
    if len(classes) > 1:
        _check_labels(table["label"].map(_text), classes)
        _probabilities(table, classes)


def _check_labels(labels: pd.Series, classes: Mapping[str, str]) -> None:
    unknown = sorted(set(labels) - {*classes, ""})
    if unknown:
        near = did_you_mean(unknown[0], classes)
        hint = f"Did you mean {near!r}, or" if near else "Or"
        raise DataError(
            f"every label must be one of the classes {', '.join(classes)}. Received: "
            f"{first_few(map(repr, unknown))}. {hint} is "
            f"the column {class_column(unknown[0])!r} missing?"
        )


def _with_parts(table: pd.DataFrame) -> Understood:
    """The same with the names of parts that are used here, and what names none apart."""
    other = tuple(name for name in table["split"].unique() if name and part_named(name) is None)
    if not other and set(table["split"]) <= {*PARTS, ""}:
        return Understood(table=table)
    parts = [part_named(name) or "" for name in table["split"]]
    return Understood(table=table.assign(split=parts), other_parts=other)


def _check_names(table: pd.DataFrame, columns: Mapping[str, str]) -> None:
    for ours, theirs in columns.items():
        if ours not in MAPPABLE and not _is_of_class(ours):
            near = did_you_mean(ours, MAPPABLE)
            hint = f" Did you mean {near!r}?" if near else ""
            raise DataError(
                f"a column here is one of {', '.join(MAPPABLE)}, or p_<class>. "
                f"Received: {ours!r}.{hint}"
            )
        if theirs not in table:
            near = did_you_mean(theirs, [str(name) for name in table.columns])
            hint = f" Did you mean {near!r}?" if near else _such_as(table)
            raise DataError(f"there is no column {theirs!r}, which is to be {ours!r}.{hint}")


def _classes(table: pd.DataFrame, columns: Mapping[str, str]) -> dict[str, str]:
    """The column of each class, by class."""
    named = {ours: theirs for ours, theirs in columns.items() if ours.startswith(CLASS_PREFIX)}
    found = named or {str(name): str(name) for name in table.columns if _is_of_class(str(name))}
    return {ours.removeprefix(CLASS_PREFIX): theirs for ours, theirs in found.items()}


def _is_of_class(name: str) -> bool:
    return name.startswith(CLASS_PREFIX) and name != CLASS_PREFIX


def _probabilities(table: pd.DataFrame, classes: Mapping[str, str]) -> NDArray[np.float64]:
    numbers = []
    for name, column in classes.items():
        read = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
        wrong = ~np.isfinite(read)
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                f"{class_column(name)} must be a number in each row. Received: "
                f"{table[column].iloc[row]!r} in row {row + 1} of column {column!r}"
                f"{f', and in {wrong.sum() - 1:,} more' if wrong.sum() > 1 else ''}"
            )
        numbers.append(read)
    found = np.stack(numbers, axis=1)
    sums = found.sum(axis=1)
    wrong = (found < 0).any(axis=1) | (np.abs(sums - 1) > SUM_TOLERANCE)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            "probabilities must be 0 or more and sum to 1 in each row. Received: "
            f"{[round(value, 6) for value in found[row].tolist()]}, sum {sums[row]:g}, in row "
            f"{row + 1}; {wrong.sum():,} of {len(table):,} rows are like that.{_meant(found, sums)}"
        )
    return found


def _meant(found: NDArray[np.float64], sums: NDArray[np.float64]) -> str:
    """What numbers probably are that are no probabilities."""
    if (found >= 0).all() and np.allclose(sums, PER_CENT, atol=PER_CENT * SUM_TOLERANCE):
        return " They look like per cent: divide them by 100"
    if (found < 0).any():
        return " They look like logits: apply softmax first"
    if (sums < 1 - SUM_TOLERANCE).all():
        return " Is the column of a class missing?"
    return ""


def _such_as(table: pd.DataFrame) -> str:
    return f" The file has: {_listed(table.columns)}"


def _listed(names: Iterable[object]) -> str:
    shown = [repr(str(name)) for name in names]
    return ", ".join([*shown[:NAMED], *["..."] * (len(shown) > NAMED)])


def _text(value: Any) -> str:
    """What is missing is empty, and a column of whole numbers with gaps is one of floats."""
    if value is None or pd.isna(value):
        return ""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value)
