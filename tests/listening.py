"""Progress that remembers what it was told, or stops the work."""

from __future__ import annotations

from contextlib import AbstractContextManager

from cellclf.progress import Silent, Task

__all__ = ["Listener", "StopAt"]


class Listener(Silent):
    """Remembers what was said, and what was warned of."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def warn(self, message: str) -> None:
        self.warned.append(message)


class StopAt(Silent):
    """Is interrupted while something is under way."""

    def __init__(self, description: str) -> None:
        self.description = description

    def task(self, description: str, total: int) -> AbstractContextManager[Task]:
        if description == self.description:
            raise KeyboardInterrupt
        return super().task(description, total)
