"""`cellclf fetch`: get a published set of images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cellclf.cli import completion
from cellclf.cli.output import JsonOption, print_result
from cellclf.cli.stopping import GOES_ON, told_when_stopped

__all__ = ["fetch"]


def fetch(
    dataset: Annotated[
        str,
        typer.Argument(
            help="A dataset of an installed plugin.", autocompletion=completion.fetchable
        ),
    ],
    to: Annotated[Path, typer.Option(help="The folder to put it into; it is made.")],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A parameter of the dataset, such as size=128; may be given again.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch a published set of images, checked against the sum that its publisher states.

    Says whose the images are, how to cite them, and the command that trains on them. The same
    command again goes on with a download that was stopped.

    \b
    cellclf fetch malaria --to data/malaria
    cellclf fetch bloodmnist --to data/bloodmnist --set size=128
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.beginning.fetch import fetch as fetch_set
    from cellclf.cli.progress import command_progress
    from cellclf.cli.settings import overridden

    with told_when_stopped(GOES_ON), command_progress() as progress:
        params = overridden({}, {}, set_ or ())
        fetched = fetch_set(dataset, to=to, params=params, progress=progress)
    print_result(as_json, fetched.summary, fetched.as_json)
