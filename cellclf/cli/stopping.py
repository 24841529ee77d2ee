"""What a person is told who stops a command with Ctrl-C, and how the command then ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from cellclf.cli.exit_codes import ExitCode

__all__ = ["GOES_ON", "STOPPED", "told_when_stopped"]

STOPPED = "Stopped."
GOES_ON = f"{STOPPED} The same command goes on where this one was."


@contextmanager
def told_when_stopped(said: str = STOPPED) -> Iterator[None]:
    """Do work that a person may stop.

    Args:
        said: What the person is then told.

    Raises:
        Exit: The person stopped it.
    """
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(said, err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
