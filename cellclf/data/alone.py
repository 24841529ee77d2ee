"""One process at a time where something is being fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from cellclf.errors import DataError
from cellclf.files import cache_folder, require_writable

__all__ = ["alone"]


@contextmanager
def alone(to: Path) -> Iterator[None]:
    """Keep other processes of this machine from fetching to the same place meanwhile.

    Raises:
        DataError: Another one does so now.
        RunError: The cache, where the locks are, cannot be written to.
    """
    name = hashlib.sha256(str(to.absolute()).encode(errors="surrogateescape")).hexdigest()
    place = cache_folder() / ".locks" / f"{name}.lock"
    lock = FileLock(place, timeout=0)
    try:
        require_writable(place.parent)
        lock.acquire()
    except Timeout as error:
        raise DataError(
            f"{to} is being fetched by another process. Wait for it, or choose another folder"
        ) from error
    try:
        yield
    finally:
        lock.release()
