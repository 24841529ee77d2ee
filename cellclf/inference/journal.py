"""How far results have come that appear while images are looked at: what a killed command left.

    new.csv.partial/rows.csv         rows, appended part by part
    new.csv.partial/unreadable.csv   what could not be read
    new.csv.partial/looks.f32        what the images look like and are taken for, for the drift
    new.csv.partial/done.ids         fingerprints of the ids of all images that are done
    new.csv.partial/journal.json     up to which byte all of that belongs together

At the end the rows become `new.csv`, with `new.json` and, where there are any, `new.unreadable.csv`
beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cellclf.errors import RunError
from cellclf.evaluation.prediction_files import require_free
from cellclf.inference.row_formats import csv_line, row_format
from cellclf.inference.totals import Counts

__all__ = [
    "DONE",
    "JOURNAL",
    "LOCK",
    "LOOKS",
    "ROWS",
    "UNREADABLE",
    "UNREADABLE_HEADER",
    "Journal",
    "is_in_place",
    "stopped",
    "unreadable_of",
    "working_folder",
]

ROWS, UNREADABLE, LOOKS, DONE = "rows", "unreadable.csv", "looks.f32", "done.ids"
JOURNAL, LOCK = "journal.json", "lock"
"""Names in the working folder; that of the rows has a suffix by their format."""

UNREADABLE_HEADER = csv_line(("path", "reason"))
"""How the list of unreadable files begins, by which one of ours is known."""


class Journal(BaseModel):
    """How far work has come that may be killed at any time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    model: str = Field(description="Hash of the bundle that predicts.")
    engine: str = Field(description="What computes its answers.")
    batch: int = Field(ge=1, description="Images that are looked at together.")
    format: str = Field(description="Suffix of the result.")
    done: int = Field(0, ge=0, description="Images that are done, unreadable ones too.")
    bytes: Mapping[str, int] = Field({}, description="Length of each file that belongs to that.")
    counts: Counts = Field(description="What came of them.")
    finished: bool = Field(False, description="All are done; files are being put into place.")


def working_folder(out: Path) -> Path:
    """Return where results are until they are complete."""
    return out.with_name(f"{out.name}.partial")


def unreadable_of(out: Path) -> Path:
    """Return where the files are listed that could not be read."""
    return out.with_name(f"{out.stem}.unreadable.csv")


def stopped(out: Path, *, resume: bool) -> Journal | None:
    """Return how far work has come that was stopped before; nothing where there is none.

    Args:
        out: The result.
        resume: Whether to go on with it.

    Raises:
        RunError: There is some and it is not to be gone on with, or what is there is no such work,
            or files of something else would be overwritten.
    """
    row_format(out)
    require_free(out)
    _require_own(unreadable_of(out))
    folder = working_folder(out)
    if not folder.exists():
        return None
    try:
        content = (folder / JOURNAL).read_bytes()
    except FileNotFoundError:
        # Killed before there was a journal: nothing is lost but the folder.
        if all(entry.name == LOCK or entry.name.startswith(".") for entry in folder.iterdir()):
            return None
        raise RunError(
            f"{folder} is no work of this command: move it, or choose another name"
        ) from None
    except OSError as error:
        raise RunError(f"{folder} cannot be read: {error.strerror or error}") from error
    try:
        journal = Journal.model_validate_json(content)
    except ValidationError as error:
        raise RunError(
            f"{folder} holds work that this version cannot go on with: remove it to begin anew"
        ) from error
    if resume:
        return journal
    if is_in_place(out, journal):  # killed when all that was left was to remove it
        return None
    raise RunError(
        f"{folder} holds the first {journal.done:,} images of a prediction that was stopped. Go on "
        "with it by --resume (`resume=True` in Python), or remove it to begin anew"
    )


def is_in_place(out: Path, journal: Journal) -> bool:
    """Whether the result is in its place, so that only the working folder is left to remove.

    Args:
        out: The result.
        journal: How far the work had come.
    """
    rows = working_folder(out) / f"{ROWS}{row_format(out).suffix}"
    return journal.finished and out.is_file() and not rows.exists()


def _require_own(listed: Path) -> None:
    try:
        with listed.open("rb") as file:
            own = file.read(len(UNREADABLE_HEADER)) == UNREADABLE_HEADER
    except OSError:  # not there; what cannot be written is said when it is written
        return
    if not own:
        raise RunError(
            f"{listed} is a file of something else, and would be overwritten by the list of "
            "unreadable files: give another name"
        )
