"""`cellclf compare`: which models are told apart, and which is best, if any."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cellclf.cli.output import JsonOption, print_result
from cellclf.terms import RESAMPLES

__all__ = ["compare"]


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run directories.")],
    resamples: Annotated[
        int, typer.Option(min=100, help="How often units are drawn anew for an interval.")
    ] = RESAMPLES,
    seed: Annotated[int, typer.Option(min=0, help="Decides every draw.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Compare the models of one run, or of several, on the same test samples.

    Every pair is tested, and p-values are adjusted for their number. A model is called best only
    where it is told apart from every other. Of architectures something is said from three runs on
    that differ in the seed.

    \b
    cellclf compare runs/first
    cellclf compare runs/seed0 runs/seed1 runs/seed2
    cellclf compare runs/first --json > comparison.json
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.judging.compare import compare as compared

    found = compared(runs, resamples=resamples, seed=seed)
    print_result(as_json, found.summary, found.as_json)
