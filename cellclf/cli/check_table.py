"""What came of a plugin's checks: a table on a terminal, lines in a log, or JSON."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from cellclf.cli.output import print_json

if TYPE_CHECKING:
    from cellclf.testing.check import Outcome, Status

__all__ = ["print_outcomes"]

STYLES: dict[Status, str] = {"passed": "green", "failed": "bold red", "skipped": "yellow"}


def print_outcomes(outcomes: Iterator[Outcome], *, as_json: bool) -> bool:
    """Print outcomes as they come, and how many there are of each.

    Args:
        outcomes: What the checks come to; trying one may take seconds.
        as_json: Print JSON instead, at the end.

    Returns:
        Whether no check failed.
    """
    if as_json:
        seen = list(outcomes)
        print_json([_described(one) for one in seen])
    elif sys.stdout.isatty():
        seen = _tabled(outcomes)
    else:
        seen = []
        for one in outcomes:
            seen.append(one)
            typer.echo(_line(one))
    counts = Counter(one.status for one in seen)
    if not as_json:
        typer.echo(", ".join(f"{counts[status]} {status}" for status in STYLES))
    return not counts["failed"]


def _described(one: Outcome) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "check": one.check,
        "status": one.status,
        "message": one.message,
        "seconds": round(one.seconds, 3),
    }


def _line(one: Outcome) -> str:
    about = f"  {one.message}" if one.message else ""
    return f"{one.status:7}  {one.subject}  {one.check}  {one.seconds:.2f} s{about}"


def _tabled(outcomes: Iterator[Outcome]) -> list[Outcome]:
    # Imported here: rich takes longer than the rest of the command line.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    seen: list[Outcome] = []
    with console.status("Checking") as status:
        for one in outcomes:
            seen.append(one)
            status.update(f"Checking {one.subject}: {len(seen)} checks done")
    for subject in dict.fromkeys(one.subject for one in seen):
        table = Table("check", "", "seconds", "", title=subject, title_justify="left")
        for one in seen:
            if one.subject == subject:
                word = Text(one.status, style=STYLES[one.status])
                table.add_row(one.check, word, f"{one.seconds:.2f}", Text(one.message))
        console.print(table)
    return seen
