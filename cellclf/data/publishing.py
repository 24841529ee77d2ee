"""A folder of files that becomes a set: staged where nobody looks, moved, and known by a record.

    FOLDER/.fetching/                what comes; a killed process goes on with it
    FOLDER/.fetching/moving.json     written when all is there: what belongs to the set
    FOLDER/...                       each file or folder of the set, moved by a rename
    FOLDER/.fetched.json             written last: the set is finished

Between the two records the folder may hold a part of the set: `require_finished` refuses it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cellclf.errors import DataError
from cellclf.files import write_json

__all__ = [
    "STAGING",
    "finish",
    "is_finished",
    "is_moving",
    "publish",
    "require_empty",
    "require_finished",
]

STAGING = ".fetching"
"""Hidden, so that what lies in it counts as no part of the set."""

MOVING, FETCHED = "moving.json", ".fetched.json"


def require_empty(folder: Path) -> None:
    """Make sure that a set may be put into a folder.

    Raises:
        DataError: It holds something that no fetch has begun.
    """
    held = sorted(p.name for p in folder.iterdir() if p.name != STAGING) if folder.is_dir() else []
    if held:
        raise DataError(
            f"the folder must be empty or not there yet. Received: {folder}, which holds "
            f"{held[0]!r}{f' and {len(held) - 1} more' * (len(held) > 1)}. If that is the set, use "
            "it; otherwise choose another folder"
        )


def require_finished(folder: Path) -> None:
    """Make sure that a folder does not hold the part of a set that a killed process has moved.

    Raises:
        DataError: It does.
    """
    if is_moving(folder):
        raise DataError(
            f"{folder} must hold a whole set. Received: a part, which a fetch that was stopped has "
            "put there. The same command that fetched it finishes it"
        )


def is_moving(folder: Path) -> bool:
    """Whether all of a set has come, but is not known to be in its place yet."""
    return (folder / STAGING / MOVING).is_file() and not (folder / FETCHED).is_file()


def is_finished(folder: Path, name: str) -> bool:
    """Whether a folder holds the set of this name, as it was published there.

    Files of somebody else's beside those of the set do not matter.

    Raises:
        DataError: It holds another set, or no longer all files of this one.
        OSError: It cannot be read.
    """
    if not (folder / FETCHED).is_file():
        return False
    _Record.read(folder / FETCHED, name).require_all(folder)
    shutil.rmtree(folder / STAGING, ignore_errors=True)  # of a process killed at the very end
    return True


def publish(staged: Path, folder: Path, name: str) -> None:
    """Make what `staged` holds, which lies below the `STAGING` of a folder, the set in that folder.

    A process that is killed meanwhile leaves what `finish` finishes.

    Args:
        staged: The whole set.
        folder: Empty but for the staging.
        name: What `is_finished` asks for.

    Raises:
        DataError: The folder holds something.
        OSError: It cannot be read.
        RunError: It cannot be written to.
    """
    require_empty(folder)
    _Record(
        name=name,
        staged=staged.relative_to(folder).as_posix(),
        entries=tuple(sorted(path.name for path in staged.iterdir())),
        files={
            path.relative_to(staged).as_posix(): path.stat().st_size
            for path in sorted(staged.rglob("*"))
            if path.is_file()
        },
    ).write(folder / STAGING / MOVING)
    finish(folder, name)


def finish(folder: Path, name: str) -> None:
    """Do what is left of `publish`, after a process was killed.

    Raises:
        DataError: It is another set that was to be there, something is in the way, or is gone.
        OSError: The folder cannot be read or written to.
        RunError: It cannot be written to.
    """
    record = _Record.read(folder / STAGING / MOVING, name)
    for entry in record.entries:
        staged, place = folder / record.staged / entry, folder / entry
        if not staged.exists():  # moved already
            continue
        if place.exists():
            raise DataError(
                f"{place} must not be there before the set is. Received: something that was put "
                "there meanwhile. Move it away, and fetch again"
            )
        staged.replace(place)
    record.require_all(folder)
    # Written in the staging: whatever a killed process leaves of it goes with that.
    record.write(folder / STAGING / FETCHED)
    (folder / STAGING / FETCHED).replace(folder / FETCHED)
    shutil.rmtree(folder / STAGING)


@dataclass(frozen=True, kw_only=True)
class _Record:
    """What belongs to a set.

    Attributes:
        name: What it is.
        staged: Where it was staged, below the folder.
        entries: Names of what is moved, each whole.
        files: Length in bytes of each file, by its path below the folder.
    """

    name: str
    staged: str
    entries: tuple[str, ...]
    files: Mapping[str, int]

    @classmethod
    def read(cls, path: Path, name: str) -> _Record:
        """Read the record of the set of this name; of another one, or a damaged one, is refused."""
        try:
            record = cls(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{path} must be as a fetch has written it. Received: a file that cannot be read. "
                f"Remove it and what was fetched beside it, and fetch again: {error}"
            ) from error
        if record.name != name:
            raise DataError(
                f"the folder must be empty or not there yet. Received: one for {record.name}, as "
                f"{path} says. Choose another folder for {name}"
            )
        return record

    def write(self, path: Path) -> None:
        write_json(path, asdict(self))

    def require_all(self, folder: Path) -> None:
        """Refuse a folder in which files are missing or have another size."""
        changed = [file for file, size in self.files.items() if _size(folder / file) != size]
        if changed:
            raise DataError(
                f"{folder} must hold {self.name} as it was fetched. Received: {len(changed)} of "
                f"{len(self.files)} files are missing or have another size, the first "
                f"{changed[0]}. Remove the folder to fetch the set again, or choose another folder"
            )


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
