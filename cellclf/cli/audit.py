"""`cellclf audit`: what is wrong with a set of images, before anything is learnt from it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cellclf.cli.exit_codes import ExitCode
from cellclf.cli.options import (
    DataOption,
    DatasetOption,
    ExperimentArgument,
    GroupPatternOption,
    SetOption,
    require_result_files,
)
from cellclf.cli.output import JsonOption, print_json, print_written
from cellclf.cli.stopping import GOES_ON, told_when_stopped

if TYPE_CHECKING:
    from rich.console import Console

    from cellclf.auditing.audit import Audit

__all__ = ["audit"]

STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def audit(
    experiment: ExperimentArgument = None,
    dataset: DatasetOption = None,
    data: DataOption = None,
    group_pattern: GroupPatternOption = None,
    page: Annotated[
        Path | None, typer.Option(help="Write a page with pictures to this HTML file.")
    ] = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look for what makes results wrong: duplicates, leaks, conflicts, shortcuts.

    Without EXPERIMENT, --dataset or --data this looks at the quickstart's images. A folder of
    images without class folders is looked at for everything that needs no label.

    The exit status says whether the set is safe to use as it is: 0 where no errors were found
    (there may be warnings), 3 where there are errors, such as a leak between given parts or one
    image under two labels. 1: the images cannot be found or read, or a file cannot be written.
    2: the command is wrong. 130: stopped with Ctrl-C.

    \b
    cellclf audit --data my_cells
    cellclf audit --data my_cells --page findings.html
    cellclf audit --data my_cells --json > findings.json
    cellclf audit experiment.toml
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.beginning.audit_data import audit as audit_data
    from cellclf.cli.progress import command_progress
    from cellclf.cli.settings import asked_for, data_flags

    asked = asked_for(experiment, data_flags(dataset, data, group_pattern), set_ or ())
    require_result_files({"--page": page})
    with told_when_stopped(GOES_ON), command_progress() as progress:
        if asked.notice:
            progress.say(asked.notice)
        found = audit_data(asked.raw, source=asked.source, progress=progress)
    if as_json:
        print_json(found.as_json())
    else:
        _print(found)
    if page is not None:
        found.write_page(page)
        print_written(page, as_json=as_json)
    if not found.safe:
        raise typer.Exit(ExitCode.NOT_REACHED)


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

    from cellclf.auditing.summary import (
        HEADINGS,
        class_rows,
        examples,
        grouped,
        how_severe,
        probe_sentence,
        title,
    )

    console.print(Text(title(found), "bold"))
    classes = Table(*HEADINGS)
    for column in classes.columns[1:]:
        column.justify = "right"
    for row in class_rows(found.classes):
        classes.add_row(*map(Text, row))
    console.print(classes)
    console.print(Text(probe_sentence(found)))
    if found.findings:
        table = Table("finding", "number", "severity", "what and where", show_lines=True)
        for kind, findings in grouped(found.findings):
            table.add_row(
                kind,
                f"{len(findings):,}",
                Text(how_severe(findings), STYLES[findings[0].severity]),
                Text("\n".join(examples(findings))),
            )
        console.print(table)
    worst = "error" if not found.safe else "warning" if found.count("warning") else "note"
    console.print(Text(found.verdict, STYLES[worst] if worst != "note" else "bold green"))
