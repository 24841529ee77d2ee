"""Models that start from one that was trained before: what that one saw must not judge."""

from __future__ import annotations

from pathlib import Path

from cellclf.checking import Plan
from cellclf.chosen import Chosen
from cellclf.evaluation.sources import refuse_seen
from cellclf.inference.bundle import Bundle, read_bundle
from cellclf.pipeline.prepare import Prepared
from cellclf.progress import Progress
from cellclf.specs import ModelSpec

__all__ = ["earlier_bundle", "refuse_earlier"]


def earlier_bundle(chosen: Chosen[ModelSpec]) -> Bundle | None:
    """Read the bundle that a model starts from, if it starts from one.

    Raises:
        BundleError: It cannot be read.
    """
    if chosen.spec.starts_from is None:
        return None
    place = chosen.function("starts_from")(chosen.params)
    return None if place is None else read_bundle(Path(place))


def refuse_earlier(plan: Plan, prepared: Prepared, progress: Progress) -> None:
    """Make sure that no model starts from one that was trained on what is to judge it.

    Raises:
        LeakageError: One does; the message names the bundle and some of the images.
        BundleError: The bundle that it starts from cannot be read.
    """
    rows = prepared.judging
    content = [prepared.store.content[row] for row in rows]
    names = [f"{prepared.samples[row].id} ({prepared.split.parts[row]})" for row in rows]
    for label, chosen in plan.models.items():
        earlier = earlier_bundle(chosen)
        if earlier is None:
            continue
        place = chosen.function("starts_from")(chosen.params)
        if not len(earlier.trained):
            progress.warn(
                f"{place}, which the model {label!r} starts from, does not say which images it was "
                "trained on: make sure that none of them judges here"
            )
        refuse_seen(
            names,
            content,
            earlier.trained,
            model=f"{place}, which the model {label!r} starts from,",
            advice="Start from random weights or from another bundle, or use the data and the seed "
            "of the run that this one comes from, whose parts are the same",
        )
