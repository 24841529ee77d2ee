"""What a command prints: results on standard output, JSON alone where a program reads it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "GIGABYTE",
    "JsonOption",
    "in_gigabytes",
    "in_megabytes",
    "print_error",
    "print_json",
    "print_result",
    "print_written",
]

MEGABYTE, GIGABYTE = 10**6, 10**9

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON alone to standard output, for a program.")
]


def print_json(content: Any) -> None:
    """Print plain values as JSON that any program can read: ASCII, null for what is no number."""
    # Imported here: not every command writes files.
    from cellclf.files import finite

    typer.echo(json.dumps(finite(content), indent=2, allow_nan=False))


def print_result(as_json: bool, summary: Callable[[], str], content: Callable[[], Any]) -> None:
    """Print what came of a command, once.

    Args:
        as_json: For a program, not for a person.
        summary: Gives the text for a person.
        content: Gives the plain values for a program.
    """
    if as_json:
        print_json(content())
    else:
        typer.echo(summary())


def print_written(*paths: Path | None, as_json: bool) -> None:
    """Name the files that were written; beside JSON, on standard error."""
    for path in paths:
        if path is not None:
            typer.echo(f"Written: {path}", err=as_json)


def print_error(error: Exception) -> None:
    """Say why a command ends, in red where that can be seen and is wanted."""
    coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    said = f"Error: {error}"
    typer.echo(typer.style(said, fg=typer.colors.RED) if coloured else said, err=True)


def in_megabytes(count: int) -> str:
    """Write a number of bytes.

    Example:
        >>> in_megabytes(2_612_345)
        '2.6 MB'
    """
    return f"{count / MEGABYTE:,.1f} MB"


def in_gigabytes(count: int) -> str:
    """Write a large number of bytes.

    Example:
        >>> in_gigabytes(137_438_953_472)
        '137.4 GB'
    """
    return f"{count / GIGABYTE:,.1f} GB"
