"""Which entries of the cache a running process uses, so that nobody else removes them.

An entry is a file or folder directly below a folder of the cache, `CACHE/KIND/NAME`. Who uses one
keeps a lock on a marker file beside it. The operating system gives the lock up when the process
ends, however it ends, so a marker that can be locked is one that nobody stands behind any more.
What is being written is claimed likewise, under the name that it has meanwhile.
"""

from __future__ import annotations

import glob
import os
import shutil
import time
import uuid
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from cellclf.files import partials_in, replacing

__all__ = ["ASIDE", "DRAFT", "Hold", "hold", "in_use", "is_held", "remove", "sweep", "writing"]

DRAFT, ASIDE = ".writing-", ".removed-"
"""How the names of unfinished entries, and of those being removed, begin."""

MARKERS = ".held"
ABANDONED = 24 * 60 * 60
"""Seconds after which nobody is taken to stand behind a draft that has no marker."""

LOOKED_AT_SECONDS = 1
"""How long a new marker may be locked by one who only looks whether anybody stands behind it."""

State = Literal["held", "given up", "no marker"]


class Hold:
    """A claim on one entry, until it is released or the process ends."""

    def __init__(self, entry: Path) -> None:
        folder = entry.parent / MARKERS
        folder.mkdir(parents=True, exist_ok=True)
        self._marker = folder / f"{entry.name}.{uuid.uuid4().hex}"
        # Given back by whichever thread drops the last use of it.
        self._lock = FileLock(self._marker, thread_local=False)
        self._lock.acquire(timeout=LOOKED_AT_SECONDS)
        self._process = os.getpid()

    def release(self) -> None:
        """Give the claim up; again, or in a forked process, does nothing."""
        if self._process != os.getpid():
            return
        self._lock.release(force=True)
        with suppress(OSError):
            self._marker.unlink()

    def release_with(self, used: object) -> None:
        """Give the claim up when `used` is no longer used by anything in this process."""
        weakref.finalize(used, self.release)


def hold(entry: Path) -> Hold | None:
    """Claim an entry and note its use, as its time of modification.

    Returns:
        The claim; `None` in a cache that cannot be written to, or on a file system without locks.
    """
    with suppress(OSError):
        os.utime(entry)
    try:
        return Hold(entry)
    except (OSError, Timeout, NotImplementedError):
        return None


@contextmanager
def in_use(entry: Path) -> Iterator[None]:
    """Claim an entry, which need not be there yet, for the length of a block, as `hold` does."""
    claim = hold(entry)
    try:
        yield
    finally:
        if claim is not None:
            claim.release()


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Write a file of the cache as `cellclf.files.replacing` does, so that no sweep disturbs it.

    What killed processes left beside it goes first.

    Raises:
        RunError: The place cannot be written to.
    """
    sweep(path.parent)
    with ExitStack() as claims, replacing(path) as partial:
        # Given up only once the file has its name: a sweep meanwhile would take it for abandoned.
        claims.enter_context(in_use(partial))
        yield partial


def is_held(entry: Path) -> bool:
    """Whether a running process, this one among them, has a claim on the entry."""
    return _state(entry) == "held"


def remove(entry: Path) -> bool:
    """Remove an entry: moved aside first, so that nobody sees half of it.

    Returns:
        Whether it is gone. On Windows, one that is open cannot be moved and stays as it is.
    """
    aside = entry.with_name(f"{ASIDE}{uuid.uuid4().hex}")
    try:
        entry.rename(aside)
    except OSError:
        return not entry.exists()
    _delete(aside)
    return True


def sweep(folder: Path) -> None:
    """Remove what killed processes left unfinished: it may be as large as what was to become.

    Args:
        folder: One of the cache, or an entry in one.
    """
    entries = [path for path in folder.glob("[!.]*") if path.is_dir()]
    for place in (folder, *entries):
        drafts = [path for prefix in (DRAFT, ASIDE) for path in place.glob(f"{prefix}*")]
        for left in (*drafts, *(partial for partial, _ in partials_in(place))):
            state = _state(left)
            if state == "given up" or (state == "no marker" and _age(left) > ABANDONED):
                _delete(left)
        for marker in list((place / MARKERS).glob("*")):
            if _state(place / _claimed_by(marker)) == "given up":
                with suppress(OSError):
                    marker.unlink()


def _claimed_by(marker: Path) -> str:
    """Name of the entry that a marker is for."""
    return marker.name.rpartition(".")[0]


def _state(entry: Path) -> State:
    alike = (entry.parent / MARKERS).glob(f"{glob.escape(entry.name)}.*")
    markers = [marker for marker in alike if _claimed_by(marker) == entry.name]
    for marker in markers:
        lock = FileLock(marker, thread_local=False)
        try:
            lock.acquire(blocking=False)
        except (OSError, Timeout, NotImplementedError):
            return "held"
        lock.release(force=True)
    return "given up" if markers else "no marker"


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
