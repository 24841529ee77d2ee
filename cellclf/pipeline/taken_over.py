"""Trainings of a finished run that another one takes over, because only its judging differs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cellclf.checking import Plan
from cellclf.errors import RunError
from cellclf.experiment import Experiment, differing, laid_over
from cellclf.pipeline.prepare import Prepared
from cellclf.run_directory import RunDirectory, read_json
from cellclf.terms import first_few
from cellclf.training.history import HISTORY_NAME, EpochRow, History

__all__ = ["history_of", "over_earlier", "require_same_training"]


def over_earlier(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an experiment asks for, laid over that of the run that it takes over, if any.

    Args:
        wanted: The experiment as plain tables.

    Raises:
        RunError: What it takes over is no finished run.
        ExperimentError: The experiment of that run is none any more.
    """
    place = wanted.get("trained_in")
    if not isinstance(place, str | Path):
        return dict(wanted)
    earlier = RunDirectory(Path(place))
    if not earlier.is_complete():
        raise RunError(f"trained_in must be the directory of a finished run. Received: {place}")
    there = earlier.experiment()
    del there["out"]
    return laid_over(there, wanted)


def require_same_training(plan: Plan, prepared: Prepared) -> None:
    """Make sure that the run that is taken over was trained as this one would be.

    Raises:
        RunError: It was not; the message names what differs.
        ExperimentError: The experiment of that run is none any more.
    """
    place = plan.experiment.trained_in
    if place is None:
        return
    directory = RunDirectory(place)
    there, here = (
        Experiment(**directory.experiment()).training_asked,
        plan.experiment.training_asked,
    )
    if there != here:
        raise RunError(
            f"{place} was trained otherwise, and only `evaluation` and `card` may differ from the "
            f"run that is taken over. Different: {first_few(differing(there, here))}"
        )
    if directory.record().get("data_fingerprint") != prepared.fingerprint:
        raise RunError(
            f"the images, or their parts, are no longer those that {place} was trained on: train "
            "anew, without trained_in"
        )


def history_of(directory: RunDirectory, label: str) -> History:
    """Return how a model of a finished run was trained.

    Raises:
        RunError: It cannot be read.
    """
    facts = read_json(directory.facts(label))
    file = directory.training(label) / HISTORY_NAME
    try:
        records = pd.read_csv(file).to_dict("records")
        rows = tuple(EpochRow(**{str(name): row[name] for name in row}) for row in records)
    except (OSError, TypeError, ValueError) as error:
        raise RunError(
            f"{file} cannot be read ({error}): train anew, without trained_in"
        ) from error
    return History(
        rows=rows,
        best_epoch=facts["best_epoch"],
        stopped_early=facts["stopped_early"],
        reason=f"taken over from {directory.path}",
    )
