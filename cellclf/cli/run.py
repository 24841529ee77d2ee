"""`cellclf run`: from labelled images to trained, judged and reported models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["run"]

INTERRUPTED = 130
"""Exit status of a command ended by Ctrl-C, as shells have it: 128 + SIGINT."""


def run(
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
            help=r"What in a path stays in one part, by named groups, such as (?P<patient>C\d+).",
        ),
    ] = None,
    resplit: Annotated[
        bool,
        typer.Option("--resplit", help="Divide anew, whatever parts the data set comes with."),
    ] = False,
    allow_leakage: Annotated[
        bool,
        typer.Option(
            "--allow-leakage",
            help="Go on where the parts it comes with leak; every figure is marked as leaky.",
        ),
    ] = False,
    model: Annotated[
        list[str] | None,
        typer.Option(help="An architecture; give it again for more. [all installed]"),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the images. [100]")] = None,
    image_size: Annotated[int | None, typer.Option(help="Side in pixels. [128]")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides every random choice. [0]")] = None,
    out: Annotated[Path | None, typer.Option(help="The run directory. [below runs/]")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any other setting, such as training.batch_size=16; may be given again.",
        ),
    ] = None,
) -> None:
    """Train, evaluate and report.

    Without EXPERIMENT, --dataset or --data this runs the quickstart: cells rendered by the blood
    plugin, a small network, a few epochs. The same command again goes on with a run that was
    stopped.

    \b
    cellclf run
    cellclf run examples/quickstart.toml --epochs 3
    cellclf run --data my_cells --model custom_cnn --out runs/first
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.cli.progress import command_progress
    from cellclf.cli.settings import overridden, quickstart
    from cellclf.experiment import read_toml
    from cellclf.network.backend import chosen_backend, prepare_backend
    from cellclf.pipeline.run import run as run_experiment

    raw: dict[str, Any] = {}
    source = "the command line"
    if experiment is not None:
        raw, source = read_toml(experiment), str(experiment)
    elif dataset is None and data is None:
        raw, source = quickstart()
    raw = overridden(
        raw,
        {
            "data.dataset": dataset,
            "data.path": None if data is None else str(data),
            "data.group_pattern": group_pattern,
            "data.split.keep_given": False if resplit else None,
            "data.split.allow_leakage": True if allow_leakage else None,
            "models": None if not model else [name for text in model for name in text.split(",")],
            "training.epochs": epochs,
            "data.image_size": image_size,
            "seed": seed,
            "out": None if out is None else str(out),
        },
        set_ or (),
    )
    chosen_backend()
    try:
        with command_progress() as progress:
            finished = run_experiment(
                raw, source=source, before_network=prepare_backend, progress=progress
            )
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on where this one was.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(finished.summary())
