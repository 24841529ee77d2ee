"""Getting a set from Kaggle through Kaggle's own client, which is an extra."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from cellclf.errors import DataError, RunError
from cellclf.progress import Progress, Silent

__all__ = ["download_from_kaggle"]

CACHE_VARIABLE = "KAGGLEHUB_CACHE"
"""Where `kagglehub` keeps what it fetches, finished or not."""

UNFINISHED = ".kagglehub"
"""Hidden, so that what lies in it counts as no part of the set."""


def download_from_kaggle(handle: str, to: Path, *, progress: Progress | None = None) -> Path:
    """Put the files of a set on Kaggle into the folder `to`.

    `kagglehub` goes on with a download that was interrupted, shows its own progress, and checks
    what came against the MD5 that Kaggle states. It unpacks the set.

    Args:
        handle: `owner/name`, or `owner/name/versions/1` for a version that cannot change.
        to: The folder; it is made, and must not hold anything yet.
        progress: Told what is being done.

    Returns:
        `to`.

    Raises:
        DataError: `kagglehub` is not installed, Kaggle does not give the set, or `to` is not empty.
        RunError: `to` cannot be written.
    """
    page = f"https://www.kaggle.com/datasets/{handle.partition('/versions/')[0]}"
    by_hand = f"Or download it in a browser from {page}: the zip file can be read as it is."
    _require_empty(to)
    fetch = _client(by_hand)
    (Silent() if progress is None else progress).say(f"{handle} comes from Kaggle")
    unfinished = to.absolute() / UNFINISHED
    try:
        unfinished.mkdir(parents=True, exist_ok=True)
        with _cache(unfinished), redirect_stdout(sys.stderr):
            found = Path(fetch(handle))
    except Exception as error:
        raise DataError(
            f"Kaggle did not give {handle}: {type(error).__name__}: {error}. Is this machine "
            f"connected to the internet? The same again goes on with what has come. {by_hand}"
        ) from error
    try:
        _take(found, to, ours=unfinished in found.parents)
        shutil.rmtree(unfinished)
    except OSError as error:
        raise RunError(f"{to} cannot be written: {error.strerror or error}") from error
    return to


def _require_empty(to: Path) -> None:
    if to.is_dir() and (held := sorted(p.name for p in to.iterdir() if p.name != UNFINISHED)):
        raise DataError(
            f"the folder must be empty or not there yet. Received: {to}, which holds {held[0]!r}"
            f"{f' and {len(held) - 1} more' * (len(held) > 1)}. If that is the set, use it; "
            "otherwise choose another folder"
        )


def _client(by_hand: str) -> Callable[[str], str]:
    try:
        # An extra: whoever fetches nothing from Kaggle has no use for it.
        from kagglehub import dataset_download
    except ModuleNotFoundError as error:
        raise DataError(
            "fetching from Kaggle needs the package kagglehub, which is not installed: "
            f"pip install 'cellclf[kaggle]'. {by_hand}"
        ) from error
    download: Callable[[str], str] = dataset_download
    return download


@contextmanager
def _cache(folder: Path) -> Iterator[None]:
    """Let `kagglehub` work in `folder`: on the disk that the set is to be on, not at home."""
    before = os.environ.get(CACHE_VARIABLE)
    os.environ[CACHE_VARIABLE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[CACHE_VARIABLE]
        else:
            os.environ[CACHE_VARIABLE] = before


def _take(found: Path, to: Path, *, ours: bool) -> None:
    """Bring what `found` holds into `to`; on Kaggle's own machines it is a mounted folder."""
    for path in sorted(found.iterdir()):
        if ours:
            path.replace(to / path.name)
        elif path.is_dir():
            shutil.copytree(path, to / path.name)
        else:
            shutil.copy2(path, to)
