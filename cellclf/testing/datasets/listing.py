"""Folders that list their files in another order, as those of another file system might."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

__all__ = ["listed_backwards"]


@contextmanager
def listed_backwards() -> Iterator[None]:
    """Let every folder list its files in reverse order, as another file system might."""
    scandir, listdir = os.scandir, os.listdir

    def scanned(path: Any = ".") -> Any:
        return _Backwards(scandir(path))

    def listed(path: Any = ".") -> Any:
        return sorted(listdir(path), reverse=True)

    with patch.object(os, "scandir", scanned), patch.object(os, "listdir", listed):
        yield


class _Backwards:
    """Entries of a folder in the reverse order of their names, as `os.scandir` gives them."""

    def __init__(self, entries: Any) -> None:
        with entries:
            self._entries = iter(sorted(entries, key=_name, reverse=True))

    def __iter__(self) -> Iterator[Any]:
        return self._entries

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> _Backwards:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def close(self) -> None:
        """Nothing is open."""


def _name(entry: Any) -> str:
    return str(entry.name)
