"""Progress for people: bars on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import typer

from cellclf.progress import Progress, Task

__all__ = ["command_progress"]

SECONDS_BETWEEN_LINES = 10.0
"""How often a log hears of work that goes on."""


@contextmanager
def command_progress() -> Iterator[Progress]:
    """Choose how progress is shown, by whether a person watches standard error."""
    if sys.stderr.isatty():
        with _bars() as progress:
            yield progress
    else:
        yield _Lines()


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Bars(*columns, console=console) as bars:
        yield _Terminal(bars)


class _Terminal:
    """A `Progress` over rich's live bars."""

    def __init__(self, bars: object) -> None:
        from rich.progress import Progress as Bars

        assert isinstance(bars, Bars)
        self._bars = bars

    def say(self, message: str) -> None:
        self._bars.console.print(message, markup=False, highlight=False)

    def warn(self, message: str) -> None:
        self._bars.console.print(f"Warning: {message}", style="yellow", markup=False)

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Task]:
        bars = self._bars
        number = bars.add_task(description, total=total, note="")

        class Bar:
            def advance(self, steps: int = 1, *, note: str = "") -> None:
                if note:
                    bars.update(number, advance=steps, note=note)
                else:
                    bars.update(number, advance=steps)

        try:
            yield Bar()
        finally:
            bars.stop_task(number)


class _Lines:
    """A `Progress` that writes a line now and then."""

    def say(self, message: str) -> None:
        typer.echo(message, err=True)

    def warn(self, message: str) -> None:
        typer.echo(f"Warning: {message}", err=True)

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Task]:
        line = _Line(description, total)
        yield line
        line.end()


@dataclass
class _Line:
    """One task in a log."""

    description: str
    total: int
    done: int = 0
    note: str = ""
    began: float = field(default_factory=time.monotonic)
    spoke: float = field(default_factory=time.monotonic)

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        self.done += steps
        self.note = note or self.note
        if time.monotonic() - self.spoke >= SECONDS_BETWEEN_LINES:
            self.spoke = time.monotonic()
            elapsed = self.spoke - self.began
            left = elapsed / self.done * (self.total - self.done) if self.done else 0.0
            self._write(f"{self.done}/{self.total}, about {left:.0f} s left")

    def end(self) -> None:
        self._write(f"{self.done}/{self.total} in {time.monotonic() - self.began:.1f} s")

    def _write(self, state: str) -> None:
        note = f"  {self.note}" if self.note else ""
        typer.echo(f"{self.description}: {state}{note}", err=True)
