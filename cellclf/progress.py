"""How long work tells whoever started it how far it has come.

The core reports to a `Progress`; what is done with that is the caller's. The command line draws
bars on a terminal and writes plain lines to a log; a program that asks for nothing hears nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

__all__ = ["Progress", "Silent", "Task"]


class Task(Protocol):
    """One piece of work whose size is known."""

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        """Say that `steps` more are done; `note` is shown beside the bar (a loss, a rate)."""


class Progress(Protocol):
    """Whatever listens to long work."""

    def say(self, message: str) -> None:
        """One line that a person should see."""

    def warn(self, message: str) -> None:
        """One line that a person must not miss."""

    def task(self, description: str, total: int) -> AbstractContextManager[Task]:
        """Open a piece of work of `total` steps; leaving the context ends it."""


class _SilentTask:
    def advance(self, steps: int = 1, *, note: str = "") -> None:
        del steps, note


class Silent:
    """A `Progress` that says nothing."""

    def say(self, message: str) -> None:
        """Say nothing."""
        del message

    def warn(self, message: str) -> None:
        """Say nothing."""
        del message

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Task]:
        """Yield a task that says nothing."""
        del description, total
        yield _SilentTask()
