"""What a process does while something is read: its files, its events, its memory."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["BUILDING", "READING", "Watch", "forget_peak", "limited", "peak_bytes"]

LIMIT = 1 << 30
"""What reading any of them may take: the address space of the process may grow by so much."""

READING = ("open", "object.__getattr__", "sys._getframe", "builtins.id")
"""Events of Python that reading a file is; all others are told."""

BUILDING = ("import", "compile", "exec", "marshal.loads")
"""Events that building a network is too, where they do not come of the file."""


class Watch:
    """What the process does while something is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []
        self.allowed: tuple[str, ...] = ()
        self.armed = False
        sys.addaudithook(self._heard)

    @contextmanager
    def over(self, allowed: tuple[str, ...]) -> Iterator[None]:
        """Watch; nothing may change in the folder meanwhile."""
        before = listing(self.path.parent)
        self.allowed, self.armed = allowed, True
        try:
            yield
        finally:
            self.armed = False
            if listing(self.path.parent) != before:
                self.told.append("the folder is not what it was")

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        if event == "open" and event in self.allowed:
            name, mode, flags = arguments
            writing = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
            ours = isinstance(name, str | os.PathLike) and Path(name) == self.path
            if not writing and (ours or BUILDING[0] in self.allowed):
                return
            self.told.append(f"open {name!r} {mode!r} {flags}")
        elif event not in self.allowed or "trap" in repr(arguments)[:1000]:
            self.told.append(f"{event} {arguments!r:.200}")


def listing(folder: Path) -> list[tuple[str, int, int]]:
    found = ((path, path.stat()) for path in sorted(folder.rglob("*")))
    return [(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in found]


def peak_bytes() -> int:
    """Most memory that the process ever took."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forget_peak() -> None:
    """Where the system can, let the next peak be one of its own."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def limited() -> None:
    """A process that takes more than it may ends."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return
    most = pages * resource.getpagesize() + LIMIT
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
