"""Trainings of a finished run that another one takes over, because only its judging differs."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cellclf import __version__
from cellclf.checking import Plan
from cellclf.chosen import Chosen
from cellclf.errors import RunError
from cellclf.experiment import Experiment, differing, laid_over
from cellclf.pipeline.prepare import Prepared
from cellclf.plugin_files import HASHED
from cellclf.progress import Progress
from cellclf.run_directory import RunDirectory, read_json
from cellclf.terms import first_few
from cellclf.training.history import HISTORY_NAME, EpochRow, History

__all__ = ["history_of", "over_earlier", "require_same_images", "require_same_settings"]


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


def require_same_settings(plan: Plan, out: Path) -> None:
    """Make sure that the run that is taken over, if any, is another one, trained by these settings.

    Args:
        plan: What is asked for.
        out: The directory of the run.

    Raises:
        RunError: It is not; the message names what differs.
        ExperimentError: The experiment of that run is none any more.
    """
    place = plan.experiment.trained_in
    if place is None:
        return
    if place.resolve() == out.resolve():
        raise RunError(
            f"{place} cannot take over its own networks: give another directory with --out (`out` "
            "in Python)"
        )
    there = Experiment(**RunDirectory(place).experiment()).training_asked
    here = plan.experiment.training_asked
    if there != here:
        raise RunError(
            f"{place} was trained otherwise, and only `evaluation` and `card` may differ from the "
            f"run that is taken over. Different: {first_few(differing(there, here))}"
        )


def require_same_images(plan: Plan, prepared: Prepared, progress: Progress) -> None:
    """Make sure that the run that is taken over, if any, was trained on these images.

    Args:
        plan: What is asked for.
        prepared: The images and their parts.
        progress: Warned where it was trained by other versions.

    Raises:
        RunError: It was not, or a plugin file has changed since.
    """
    place = plan.experiment.trained_in
    if place is None:
        return
    record = RunDirectory(place).record()
    if record.get("data_fingerprint") != prepared.fingerprint:
        raise RunError(
            f"the images, or their parts, are no longer those that {place} was trained on: train "
            "anew, without trained_in"
        )
    for name, then, now in _changed(plan, record.get("versions", {})):
        said = f"{place} was trained with {name} {then}, and this is {now}"
        if HASHED in f"{then}{now}":
            raise RunError(f"{said}: bring the file back, or train anew, without trained_in")
        progress.warn(f"{said}: training anew may come to another network")


def _changed(plan: Plan, then: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield what networks depend on and has another version than it had, with both versions."""
    chosen: tuple[Chosen[Any], ...] = (
        plan.dataset,
        *plan.augmentations.values(),
        *plan.models.values(),
        *plan.callbacks.values(),
    )
    now = {"cellclf": __version__} | {one.distribution: one.version for one in chosen}
    for name, version in now.items():
        if then.get(name) != version:
            yield name, then.get(name, "of an unknown version"), version


def history_of(directory: RunDirectory, label: str) -> History:
    """Return how a model of a finished run was trained.

    Raises:
        RunError: It cannot be read.
    """
    facts = read_json(directory.facts(label))
    file = directory.training(label) / HISTORY_NAME
    try:
        # Not by pandas, some versions of which lose the last digit of a number.
        with file.open(newline="", encoding="utf-8") as text:
            rows = tuple(map(_epoch, csv.DictReader(text)))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{file} cannot be read ({error}): train anew, without trained_in"
        ) from error
    return History(
        rows=rows,
        best_epoch=facts["best_epoch"],
        stopped_early=facts["stopped_early"],
        reason=f"taken over from {directory.path}",
    )


def _epoch(row: Mapping[str, str]) -> EpochRow:
    values: dict[str, Any] = {name: float(text) for name, text in row.items()}
    return EpochRow(**values | {"epoch": int(row["epoch"])})
