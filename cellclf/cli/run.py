"""`cellclf run`: from labelled images to trained, judged and reported models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cellclf.cli import completion
from cellclf.cli.exit_codes import ExitCode
from cellclf.cli.options import (
    DataOption,
    DatasetOption,
    ExperimentArgument,
    GroupPatternOption,
    SetOption,
)
from cellclf.cli.output import JsonOption, print_result
from cellclf.cli.stopping import GOES_ON, told_when_stopped

__all__ = ["run"]


def run(
    experiment: ExperimentArgument = None,
    dataset: DatasetOption = None,
    data: DataOption = None,
    group_pattern: GroupPatternOption = None,
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
        typer.Option(
            help="An architecture; give it again for more. [all installed]",
            autocompletion=completion.models,
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the images. [100]")] = None,
    image_size: Annotated[int | None, typer.Option(help="Side in pixels. [128]")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides every random choice. [0]")] = None,
    out: Annotated[Path | None, typer.Option(help="The run directory. [below runs/]")] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Go on with the run in this run directory; no other setting may be given.",
        ),
    ] = None,
    trained_in: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Judge the networks of this finished run anew, by other settings of evaluation, "
            "and train nothing.",
        ),
    ] = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train, evaluate and report.

    Without EXPERIMENT, --dataset or --data this runs the quickstart: cells rendered by the blood
    plugin, a small network, a few epochs. The same command again goes on with a run that was
    stopped.

    The exit status is 3 where the best model does not reach one of `evaluation.gates`.

    \b
    cellclf run
    cellclf run examples/quickstart.toml --epochs 3
    cellclf run --data my_cells --model custom_cnn --out runs/first
    cellclf run --resume runs/first
    cellclf run --trained-in runs/first --set evaluation.target_accuracy=0.95 --out runs/second
    cellclf run --data my_cells --quiet --json > first.json
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.cli.progress import command_progress
    from cellclf.cli.settings import asked_for, data_flags, resumed
    from cellclf.network.backend import chosen_backend, prepare_backend
    from cellclf.pipeline.run import run as run_experiment

    flags = {
        **data_flags(dataset, data, group_pattern),
        "data.split.keep_given": False if resplit else None,
        "data.split.allow_leakage": True if allow_leakage else None,
        "models": None if not model else [name for text in model for name in text.split(",")],
        "training.epochs": epochs,
        "data.image_size": image_size,
        "seed": seed,
        "out": None if out is None else str(out),
        "trained_in": None if trained_in is None else str(trained_in),
    }
    if resume is not None:
        wanted = resumed(resume, experiment, flags, set_ or ())
    else:
        wanted = asked_for(experiment, flags, set_ or ())
    chosen_backend()
    with told_when_stopped(GOES_ON), command_progress() as progress:
        if wanted.notice:
            progress.say(wanted.notice)
        finished = run_experiment(
            wanted.raw, source=wanted.source, before_network=prepare_backend, progress=progress
        )
    print_result(as_json, finished.summary, finished.as_json)
    if not finished.passed:
        raise typer.Exit(ExitCode.NOT_REACHED)
