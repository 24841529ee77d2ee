"""Getting a set from Kaggle through Kaggle's own client, which is an extra."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from cellclf.data.alone import alone
from cellclf.data.publishing import (
    STAGING,
    finish,
    is_finished,
    is_moving,
    publish,
    require_empty,
)
from cellclf.errors import DataError, RunError, sentences
from cellclf.progress import Progress, Silent

__all__ = ["download_from_kaggle"]

CACHE_VARIABLE = "KAGGLEHUB_CACHE"
"""Where `kagglehub` keeps what it fetches, finished or not."""


def download_from_kaggle(handle: str, to: Path, *, progress: Progress | None = None) -> Path:
    """Put the files of a set on Kaggle into the folder `to`.

    `kagglehub` goes on with a download that was interrupted, shows its own progress, and checks
    what came against the MD5 that Kaggle states. It unpacks the set, in a hidden folder. Only then
    is it moved to its place, and a record written by which it is known to be whole
    (`cellclf.data.publishing`). A set that is there is not fetched again.

    Args:
        handle: `owner/name`, or `owner/name/versions/1` for a version that cannot change.
        to: The folder; it is made, and must not hold anything but what an earlier call put there.
        progress: Told what is being done.

    Returns:
        `to`.

    Raises:
        DataError: `kagglehub` is not installed, Kaggle does not give the set, or `to` holds
            something else; or another process is fetching it.
        RunError: `to` cannot be written.
    """
    progress = Silent() if progress is None else progress
    try:
        with alone(to):
            if is_finished(to, handle):
                progress.say(f"{to} is there already")
            elif is_moving(to):
                finish(to, handle)
            else:
                require_empty(to)
                publish(_staged(handle, to / STAGING, progress), to, handle)
    except OSError as error:
        raise RunError(
            f"{to} cannot be written: {error.strerror or error}. Choose another place, or make "
            "room in this one"
        ) from error
    return to


def _staged(handle: str, staging: Path, progress: Progress) -> Path:
    """Bring the set into a folder below `staging`."""
    page = f"https://www.kaggle.com/datasets/{handle.partition('/versions/')[0]}"
    by_hand = f"Or download it in a browser from {page}: the zip file can be read as it is."
    fetch = _client(by_hand)
    progress.say(f"{handle} comes from Kaggle")
    unfinished = (staging / "kagglehub").absolute()
    unfinished.mkdir(parents=True, exist_ok=True)
    try:
        with _cache(unfinished), redirect_stdout(sys.stderr):
            found = Path(fetch(handle))
    except Exception as error:
        raise DataError(
            sentences(
                f"Kaggle did not give {handle}: {type(error).__name__}: {error}",
                "Is this machine connected to the internet? The same again goes on with what came",
                by_hand,
            )
        ) from error
    if unfinished in found.parents:
        return staging / found.relative_to(staging.absolute())
    # On Kaggle's own machines it is a mounted folder, which may only be read.
    copy = staging / "copied"
    if copy.exists():  # a part, of a process that was killed
        shutil.rmtree(copy)
    return Path(shutil.copytree(found, copy))


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
