"""`cellclf audit`: what is wrong with a set of images, before anything is learnt from it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cellclf.cli.run import INTERRUPTED

if TYPE_CHECKING:
    from rich.console import Console

    from cellclf.auditing.audit import Audit

__all__ = ["audit"]

NOT_SAFE = 3
"""Exit status where errors were found: the command worked, the set is not safe to use as it is."""

STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def audit(
    experiment: Annotated[
        Path | None, typer.Argument(help="An experiment (TOML).", show_default=False)
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="A dataset plugin. [image_folder, with --data]")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="The folder or file it reads.")] = None,
    group_pattern: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help=r"What in a path belongs together, by named groups, such as (?P<patient>C\d+).",
        ),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the findings to this file, as a JSON list.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Write a page with pictures to this HTML file.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any other setting of the data, such as data.classes.leave_out=...; may be given "
            "again.",
        ),
    ] = None,
) -> None:
    """Look for what makes results wrong: duplicates, leaks, conflicts, shortcuts.

    The exit status is 0 where the set is safe to use as it is, and 3 where errors were found.

    \b
    cellclf audit --data my_cells
    cellclf audit --data my_cells --json findings.json --page findings.html
    cellclf audit experiment.toml
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.cli.progress import command_progress
    from cellclf.cli.settings import overridden, quickstart
    from cellclf.errors import RunError
    from cellclf.experiment import read_toml
    from cellclf.files import require_writable
    from cellclf.pipeline.audit_data import audit as audit_data

    raw: dict[str, Any] = {}
    source = "the command line"
    if experiment is not None:
        raw, source = read_toml(experiment), str(experiment)
    elif dataset is None and data is None:
        raw, source = quickstart()
    flags = {
        "data.dataset": dataset,
        "data.path": None if data is None else str(data),
        "data.group_pattern": group_pattern,
    }
    raw = overridden(raw, flags, set_ or ())
    for option, path in (("--json", json), ("--page", page)):
        if path is not None:
            if path.is_dir():
                raise RunError(f"{option} must be a file. Received: {path}, which is a folder")
            require_writable(path.parent)
    try:
        with command_progress() as progress:
            found = audit_data(raw, source=source, progress=progress)
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on where this one was.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    _print(found)
    if json is not None:
        found.write_json(json)
        typer.echo(f"Written: {json}")
    if page is not None:
        found.write_page(page)
        typer.echo(f"Written: {page}")
    if not found.safe:
        raise typer.Exit(NOT_SAFE)


def _print(found: Audit) -> None:
    """Tables on a terminal, plain text in a file or a pipe."""
    if sys.stdout.isatty():
        # Imported here: a log has no use for it.
        from rich.console import Console

        draw(found, Console())
    else:
        typer.echo(found.summary())


def draw(found: Audit, console: Console) -> None:
    """Draw the classes, the findings by kind and the verdict on a terminal."""
    from rich.table import Table
    from rich.text import Text

    from cellclf.auditing.summary import HEADINGS, class_rows, examples, grouped, probe_sentence

    classes = Table(*HEADINGS)
    for column in classes.columns[1:]:
        column.justify = "right"
    for row in class_rows(found.classes):
        classes.add_row(*map(Text, row))
    console.print(classes)
    console.print(Text(probe_sentence(found.probe)))
    if found.findings:
        table = Table("finding", "number", "severity", "what and where", show_lines=True)
        for kind, findings in grouped(found.findings):
            severity = findings[0].severity
            table.add_row(
                kind,
                f"{len(findings):,}",
                Text(severity, STYLES[severity]),
                Text("\n".join(examples(findings))),
            )
        console.print(table)
    worst = "error" if not found.safe else "warning" if found.count("warning") else "note"
    console.print(Text(found.verdict, STYLES[worst] if worst != "note" else "bold green"))
