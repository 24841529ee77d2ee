"""Every command of `cellclf`, as Typer has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from cellclf.cli.main import app

__all__ = ["commands"]


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Name, such as `plugins list`, and command of each that does something."""
    command = typer.main.get_command(app) if command is None else command
    below = getattr(command, "commands", {})
    if not below:
        yield " ".join(path), command
    for name, inner in below.items():
        yield from commands(inner, (*path, name))
