"""Predictions on disk: the table as Parquet and as CSV, and beside it a JSON sidecar."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cellclf.errors import DataError, RunError
from cellclf.evaluation.drift import Drift
from cellclf.evaluation.predictions import (
    TEXT_COLUMNS,
    checked_table,
    classes_of,
    review_flags,
)
from cellclf.files import replacing, write_text
from cellclf.spreadsheets import read_texts, write_table
from cellclf.terms import Views

__all__ = [
    "READERS",
    "Member",
    "Sidecar",
    "read_predictions",
    "read_sidecar",
    "read_table",
    "require_free",
    "sidecar_of",
    "write_csv",
    "write_predictions",
]


class Member(BaseModel):
    """One of several models that answered together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(description="Name of its file.")
    bundle_sha256: str = Field(description="Hash of its bundle.")


class Sidecar(BaseModel):
    """What a table of predictions does not say of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    classes: tuple[str, ...] = Field(description="Class names in the order of the outputs.")
    model: str = Field("", description="Name of the model in its run, or of its file.")
    bundle_sha256: str | None = Field(
        None, description="Hash of the bundle that predicted; absent where there were several."
    )
    members: tuple[Member, ...] = Field(
        (),
        description="The models whose calibrated probabilities were averaged, where there were "
        "several; calibration, thresholds and outlier scores as a whole are of the first alone.",
    )
    views: Views = Field(
        "none", description="From which sides images were looked at; thresholds are of `none`."
    )
    versions: Mapping[str, str] = Field({}, description="Versions of what took part, by name.")
    synthetic: bool = Field(False, description="The model was trained on rendered images.")
    leaky: bool = Field(False, description="The split leaks: figures look better than they are.")
    calibrated: bool = Field(False, description="The probabilities were calibrated.")
    thresholds: Mapping[str, float] = Field(
        {}, description="What cells were reviewed or refused by."
    )
    drift: Drift | None = Field(
        None, description="How the images look beside those of training; absent if not compared."
    )
    confusion_part: str | None = Field(None, description="The part that was counted.")
    confusion_counts: tuple[tuple[int, ...], ...] | None = Field(
        None,
        description="Samples by true class (rows) and answer, `unidentified` last, for correction "
        "of counts.",
    )


def write_predictions(table: pd.DataFrame, stem: Path, *, sidecar: Sidecar) -> tuple[Path, ...]:
    """Write a table of predictions beside its sidecar; each file appears whole or not at all.

    Args:
        table: What `predictions_table` makes.
        stem: Where to, without a suffix: `predictions/vgg16` gives `predictions/vgg16.parquet`,
            `.csv` and `.json`.
        sidecar: What the table does not say of itself.

    Returns:
        The three files.

    Raises:
        DataError: `table` is no table of predictions, or `sidecar` is about other classes.
        RunError: The place cannot be written to.
    """
    checked_table(table)
    if sidecar.classes != classes_of(table):
        raise DataError(
            f"`sidecar` must name the classes of the table, {classes_of(table)!r}. "
            f"Received: {sidecar.classes!r}"
        )
    parquet, text, json = (_beside(stem, suffix) for suffix in (".parquet", ".csv", ".json"))
    with replacing(parquet) as unfinished:
        table.to_parquet(unfinished, engine="pyarrow", index=False)
    write_csv(table, text)
    write_text(json, sidecar.model_dump_json(indent=2) + "\n")
    return parquet, text, json


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table of predictions as CSV alone: UTF-8, commas, what is missing left empty.

    Text that a spreadsheet would compute is made inert: see `cellclf.spreadsheets`.
    """
    checked_table(table)
    write_table(table, path)


def read_predictions(path: Path) -> pd.DataFrame:
    """Read a table of predictions from a `.parquet`, a `.csv` or a `.jsonl` file.

    Raises:
        DataError: No such file, one that cannot be read, or one that holds something else.
    """
    if path.suffix.lower() not in READERS:
        raise DataError(
            f"predictions must be a .parquet, a .csv or a .jsonl file. Received: {path}"
        )
    if not path.is_file():
        raise DataError(f"no such file of predictions: {path}")
    try:
        return checked_table(_typed(read_table(path)))
    # OSError and ValueError hold what Arrow and pandas raise on damaged files.
    except (DataError, OSError, ValueError) as error:
        raise DataError(f"{path} holds no predictions: {error}") from error


def read_sidecar(stem: Path) -> Sidecar:
    """Read the sidecar of the predictions at `stem`, the address that they were written to.

    Raises:
        DataError: There is none, or one that this version cannot read.
    """
    path = _beside(stem, ".json")
    try:
        return Sidecar.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"predictions must have a sidecar at {path}: {error.strerror}") from error
    except ValidationError as error:
        raise DataError(f"{path} is no sidecar that this version can read: {error}") from error


def sidecar_of(predictions: Path) -> Path:
    """Return where the sidecar of a file of predictions is."""
    return predictions.with_suffix(".json")


def require_free(predictions: Path) -> None:
    """Make sure that a sidecar beside a file of predictions would overwrite no other file.

    Raises:
        RunError: It would.
    """
    place = sidecar_of(predictions)
    if place.is_file() and b'"schema_version"' not in place.read_bytes():
        raise RunError(
            f"{place} is a file of something else, and would be overwritten by what is written "
            f"beside {predictions.name}: give another name"
        )


def _beside(stem: Path, suffix: str) -> Path:
    # Not `with_suffix`: a dot in the name of a model is no suffix.
    return stem.with_name(stem.name + suffix)


def _read_parquet(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path, engine="pyarrow")


def _read_json_lines(path: Path) -> pd.DataFrame:
    """Read a table of which each line is a JSON object; what is missing is empty text.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds something else.
    """
    with path.open(encoding="utf-8", newline="\n") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("every line must be a JSON object")
    filled = [{name: "" if cell is None else cell for name, cell in row.items()} for row in rows]
    return pd.DataFrame(filled, dtype=object)


def read_table(path: Path) -> pd.DataFrame:
    """Read any table: a `.parquet` or a `.jsonl` file with its types, any other as CSV, as text.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds no table.
    """
    return READERS.get(path.suffix.lower(), read_texts)(path)


READERS: Mapping[str, Callable[[Path], pd.DataFrame]] = {
    ".parquet": _read_parquet,
    ".csv": read_texts,
    ".jsonl": _read_json_lines,
}
"""By the suffix of a file of predictions."""


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Give each known column the type that `predictions_table` gives it."""
    typed: dict[str, object] = {}
    for name in map(str, table.columns):
        column = table[name]
        if name in TEXT_COLUMNS:
            typed[name] = column.astype("str")
        elif name == "review":
            typed[name] = review_flags(column)
        elif column.dtype == np.float32:
            typed[name] = column
        else:
            typed[name] = column.replace("", "nan").to_numpy(dtype=object).astype(np.float32)
    return pd.DataFrame(typed, columns=[*table.columns])
