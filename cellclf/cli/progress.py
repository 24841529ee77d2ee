"""Progress for people: bars on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from cellclf.cli.loudness import Loudness, loudness
from cellclf.progress import Progress, Silent, Task

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

__all__ = ["command_progress", "lines", "terminal", "warnings_alone"]

SECONDS_BETWEEN_LINES = 10.0
"""How soon a log hears of work that goes on."""

SECONDS_BETWEEN_LINES_OF_VERBOSE = 1.0
"""The same, where a person wants to hear more."""

SHARE_BETWEEN_LINES = 0.05
"""Long work speaks less often: after this share of the time that it has taken so far."""


@contextmanager
def command_progress() -> Iterator[Progress]:
    """Choose how progress is shown: by what was asked for, and whether a person watches."""
    if loudness() is Loudness.QUIET:
        yield warnings_alone()
    elif sys.stderr.isatty():
        # Imported here: a log has no use for it.
        from rich.console import Console

        with terminal(Console(stderr=True)) as progress:
            yield progress
    elif loudness() is Loudness.VERBOSE:
        yield lines(seconds_between=SECONDS_BETWEEN_LINES_OF_VERBOSE)
    else:
        yield lines()


@contextmanager
def terminal(console: Console) -> Iterator[Progress]:
    """Draw a bar a task, with the time left, on `console`."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Bars(*columns, console=console) as bars:
        yield _Terminal(bars)


def lines(*, seconds_between: float = SECONDS_BETWEEN_LINES) -> Progress:
    """Write a line now and then, and one at the end of each task, to standard error."""
    return _Lines(seconds_between)


def warnings_alone() -> Progress:
    """Write what a person must not miss, and nothing else, to standard error."""
    return _Warnings()


class _Warnings(Silent):
    """A `Progress` for `--quiet`."""

    def warn(self, message: str) -> None:
        _warn(message)


@dataclass(frozen=True)
class _Terminal:
    """A `Progress` over rich's live bars."""

    bars: Bars

    def say(self, message: str) -> None:
        self.bars.console.print(message, markup=False, highlight=False)

    def warn(self, message: str) -> None:
        self.bars.console.print(f"Warning: {message}", style="yellow", markup=False)

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Task]:
        number = self.bars.add_task(description, total=total, note="")
        yield _Bar(self.bars, number)


@dataclass(frozen=True)
class _Bar:
    """One task on a terminal."""

    bars: Bars
    number: TaskID

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        if note:
            self.bars.update(self.number, note=note)
        self.bars.advance(self.number, steps)


@dataclass(frozen=True)
class _Lines:
    """A `Progress` that writes plain lines."""

    seconds_between: float

    def say(self, message: str) -> None:
        typer.echo(message, err=True)

    def warn(self, message: str) -> None:
        _warn(message)

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Task]:
        line = _Line(description, total, self.seconds_between)
        yield line
        line.end()


@dataclass
class _Line:
    """One task in a log."""

    description: str
    total: int
    seconds_between: float
    done: int = 0
    note: str = ""
    first: tuple[float, int] | None = None
    began: float = field(default_factory=time.monotonic)
    spoke: float = field(default_factory=time.monotonic)

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        self.done += steps
        self.note = note or self.note
        now = time.monotonic()
        pause = max(self.seconds_between, SHARE_BETWEEN_LINES * (now - self.began))
        if now - self.spoke >= pause:
            self.spoke = now
            self._write(f"{self.done}/{self.total}, about {_duration(self._left(now))} left")
        if self.first is None:
            self.first = (now, self.done)

    def _left(self, now: float) -> float:
        """Seconds left. The first steps may be those of a run that was stopped: they took none."""
        began, before = self.first or (self.began, 0)
        return (now - began) / max(self.done - before, 1) * (self.total - self.done)

    def end(self) -> None:
        self._write(f"{self.done}/{self.total} in {time.monotonic() - self.began:.1f} s")

    def _write(self, state: str) -> None:
        note = f"  {self.note}" if self.note else ""
        typer.echo(f"{self.description}: {state}{note}", err=True)


def _warn(message: str) -> None:
    typer.echo(f"Warning: {message}", err=True)


def _duration(seconds: float) -> str:
    """Say how long, as exactly as an estimate deserves."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
