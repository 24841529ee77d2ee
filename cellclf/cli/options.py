"""The arguments by which more than one command is told which data is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["DataOption", "DatasetOption", "ExperimentArgument", "GroupPatternOption", "SetOption"]

ExperimentArgument = Annotated[
    Path | None, typer.Argument(help="An experiment (TOML).", show_default=False)
]

DatasetOption = Annotated[
    str | None, typer.Option(help="A dataset plugin. [image_folder, with --data]")
]

DataOption = Annotated[Path | None, typer.Option(help="The folder or file it reads.")]

GroupPatternOption = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX",
        help=r"What in a path belongs together, by named groups, such as (?P<patient>C\d+).",
    ),
]

SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any other setting, such as data.params.size=64; may be given again.",
    ),
]
