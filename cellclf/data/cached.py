"""Files in the cache that take long to make: absent or whole, checked when they are asked for."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from cellclf.data.holding import Hold, hold, writing
from cellclf.errors import DataError
from cellclf.files import cache_folder, write_json

__all__ = ["cached_file", "made_once", "sums"]

UNPACKED = "unpacked"

CLAIMS = 64
"""Entries that a process has a claim on at a time; each takes an open file."""

CHUNK_BYTES = 1 << 20


def cached_file(source: Path, name: str, write: Callable[[Path], object]) -> Path:
    """Return a file in the cache that is made from `source`, such as what an archive holds.

    Another path, size or time of change of `source`, and it is made anew; otherwise as `made_once`.

    Args:
        source: The file that it is made from.
        name: What it is called; its suffix says what it is. All that it depends on besides `source`
            must be in the name.
        write: Called with the path to write to.

    Raises:
        DataError: `source` cannot be looked at.
        RunError: The cache cannot be written to.
    """
    try:
        status = source.stat()
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror or error}") from error
    made_from = f"{source.absolute()}\n{status.st_size}\n{status.st_mtime_ns}"
    key = hashlib.sha256(made_from.encode(errors="surrogateescape")).hexdigest()
    return made_once(UNPACKED, key, name, write)


def made_once(kind: str, key: str, name: str, write: Callable[[Path], object]) -> Path:
    """Return the file `CACHE/KIND/KEY/NAME`, making it where it is not there yet.

    It is made anew where length or checksum are not what they were when it was made: both are
    compared at each call. It is absent or whole, so that two processes may ask for it at once.

    `cellclf cache prune` leaves it alone until this process ends, or has asked for many others
    since.

    Args:
        kind: Folder of the cache, such as `unpacked`.
        key: A name that says what everything in the entry is made from, such as a digest of it.
        name: What the file is called; its suffix says what it is.
        write: Called with the path to write to.

    Raises:
        RunError: The cache cannot be written to.
    """
    entry = cache_folder() / kind / key
    _claims.use(entry)
    made, record = entry / name, entry / f"{name}.sum.json"
    if not _is_whole(made, record):
        with writing(made) as partial:
            write(partial)
        write_json(record, sums(made))
    return made


class _Claims:
    """What this process uses, as nobody can tell when a path is used for the last time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._inherited: list[object] = []
        self.forget()

    def forget(self) -> None:
        """Start anew: a forked process must not give up what its parent has a claim on."""
        self._lock = threading.Lock()
        self._held: OrderedDict[Path, Hold] = OrderedDict()
        self._inherited.append(self._held)  # a lock that is no longer referred to is given up

    def use(self, entry: Path) -> None:
        """Note that an entry is used now, and claim it in place of the one used longest ago."""
        with self._lock:
            # Claimed anew each time: the marker of an earlier claim may have been removed by hand.
            claim = hold(entry)
            if claim is None:
                return
            if (earlier := self._held.pop(entry, None)) is not None:
                earlier.release()
            self._held[entry] = claim
            while len(self._held) > self._most:
                self._release_oldest()

    def release(self) -> None:
        """Give all of them up."""
        with self._lock:
            while self._held:
                self._release_oldest()

    def _release_oldest(self) -> None:
        _, claim = self._held.popitem(last=False)
        claim.release()


_claims = _Claims(CLAIMS)
atexit.register(_claims.release)
if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_claims.forget)


def _is_whole(made: Path, record: Path) -> bool:
    try:
        noted: object = json.loads(record.read_text(encoding="utf-8"))
        return noted == sums(made)
    except (OSError, ValueError):
        return False


def sums(made: Path) -> dict[str, int]:
    """Length and CRC-32: against accidents, not against malice."""
    length = checksum = 0
    with made.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            length += len(chunk)
            checksum = zlib.crc32(chunk, checksum)
    return {"bytes": length, "crc32": checksum}
