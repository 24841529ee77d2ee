"""`cellclf init`: a commented experiment for a folder of images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cellclf.cli.options import require_result_files, require_suffix

__all__ = ["init"]


def init(
    folder: Annotated[
        Path, typer.Argument(help="Images, one folder a class; or a zip file of these.")
    ],
    out: Annotated[Path, typer.Option(help="The experiment file to write.")] = Path(
        "experiment.toml"
    ),
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite the file if it is there.")
    ] = False,
) -> None:
    """Write an experiment for a folder, with a comment that says why of every setting.

    Looks at the classes and how many images each has, at the sizes of images, at parts that the set
    comes with, and at names that suggest patients or slides. Nothing is trained, and nothing is
    written but the one file.

    \b
    cellclf init my_cells
    cellclf init my_cells --out first.toml
    cellclf init my_cells.zip --force
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.beginning.first_experiment import first_experiment
    from cellclf.beginning.survey import survey
    from cellclf.errors import RunError
    from cellclf.files import write_text
    from cellclf.registry import installed

    require_suffix("--out", out, ".toml")
    if out.exists() and not force:
        raise RunError(
            f"{out} is there already: give another name with --out, or overwrite it with --force"
        )
    require_result_files({"--out": out})
    found = survey(folder, installed())
    write_text(out, first_experiment(found, installed(), preferred=_of_quickstart()))
    learnt = found.learnt
    typer.echo(
        f"{folder}: {sum(learnt.values()):,} images of {len(learnt)} classes, "
        f"the smallest {found.smallest} with {learnt[found.smallest]:,}"
    )
    if found.too_small:
        typer.echo(f"Left out, being too small: {', '.join(found.too_small)}")
    typer.echo(f"Written: {out}")
    typer.echo(f"Next: cellclf audit {out}")
    typer.echo(f"      cellclf run {out}")


def _of_quickstart() -> tuple[str, ...]:
    """The networks of the quickstart, which are quick; none where no data set brings one."""
    from cellclf.cli.settings import quickstart
    from cellclf.errors import PluginError

    try:
        return tuple(quickstart()[0].get("models", ()))
    except PluginError:
        return ()
