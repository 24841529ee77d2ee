"""`cellclf plugins new`: a plugin's package to begin with, which works as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["new"]


def new(
    name: Annotated[
        str,
        typer.Argument(
            help="What an experiment will call it: lower-case letters, digits and underscores."
        ),
    ],
    kind: Annotated[
        str,
        typer.Option(
            metavar="dataset|model|augmentation|metric|engine|callback",
            help="What the plugin offers.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The folder to make. [cellclf-NAME]", show_default=False)
    ] = None,
    author: Annotated[
        str, typer.Option(help="Whose it is. [the authors of cellclf-NAME]", show_default=False)
    ] = "",
    licence: Annotated[
        str, typer.Option(metavar="Apache-2.0|MIT", help="Licence of the code.")
    ] = "Apache-2.0",
    description: Annotated[
        str,
        typer.Option(
            help="What it offers, in a line of at most 70 characters.", show_default=False
        ),
    ] = "",
) -> None:
    """Begin a plugin: a package that works, is typed and tested, and has pages and CI.

    Nothing is asked; what is written can be changed later. The folder appears whole or not at all.

    \b
    cellclf plugins new yeast --kind dataset
    cellclf plugins new tiny_net --kind model --out tiny --licence MIT
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.scaffold import KINDS, Names, new_plugin

    folder = new_plugin(
        name, kind, out=out, author=author, licence=licence, description=description
    )
    commands = KINDS[kind].commands(Names(name=name), folder.as_posix())
    typer.echo("\n".join([f"The plugin is in {folder}. Next:", *commands]))
