"""How a run was made, in sentences: what a reader must know to judge it, and to do it again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cellclf.checking import Plan
from cellclf.chosen import Chosen
from cellclf.pipeline.prepare import Prepared
from cellclf.pipeline.train import Trained
from cellclf.specs import ModelSpec
from cellclf.terms import percent

__all__ = ["how_it_was_made"]

RECIPES = {
    "from_scratch": "all layers were trained together",
    "head_only": "only the head was trained, on the features of the backbone as it was",
    "fine_tune": "the head was trained first, and then the backbone too, by stages from the top",
}
SCHEDULES = {
    "one_cycle": "warmed up over {warmup} of the steps and annealed along a cosine",
    "constant": "kept constant",
}


def how_it_was_made(
    plan: Plan, prepared: Prepared, trained: Sequence[Trained], record: Mapping[str, Any]
) -> dict[str, str]:
    """Return what was done, a heading and a sentence or two each, in the order that it was done.

    Args:
        plan: What was asked for.
        prepared: The images and their parts.
        trained: What came of each model.
        record: What the run says of itself.
    """
    said = {
        "Images": _images(plan),
        "Parts": _parts(plan, prepared),
        "Balance": _balance(plan),
        "Augmentation": _augmentation(plan),
    }
    for model in trained:
        name = "Network" if len(trained) == 1 else f"Network {model.label}"
        said[name] = _network(model, plan.models[model.label])
    devices = "Devices"
    if record.get("trained_in"):
        devices = "Devices that judged"
        said["Taken over"] = f"The networks were trained in {record['trained_in']}, as follows."
    return said | {
        "Training": _training(plan),
        "Weights kept": _weights(plan),
        devices: ", ".join(map(str, record.get("devices", ()))) or "not recorded",
    }


def _images(plan: Plan) -> str:
    data = plan.experiment.data
    how = "stretched" if data.resize == "stretch" else "padded"
    return (
        f"Decoded to RGB, {how} to a square and resized to {data.image_size} \u00d7 "
        f"{data.image_size} pixels. The network itself brings 0 to 255 to the range that it wants."
    )


def _parts(plan: Plan, prepared: Prepared) -> str:
    settings = plan.experiment.data.split
    if settings.keep_given and any(sample.split for sample in prepared.samples):
        how = "The parts that the data set came with were kept; what it left open was divided"
    else:
        how = "Divided"
    shares = ", ".join(
        f"{part} {percent(share, digits=0)}" for part, share in settings.fractions.items()
    )
    return (
        f"{how} at random by the seed, class by class ({shares}). What belongs together, by a "
        "known group or because it shows the same, was kept in one part."
    )


def _balance(plan: Plan) -> str:
    return {
        "augment": "Every class was filled up to the largest with augmented views, in the "
        "training part only.",
        "weights": "Classes weigh equally in the loss, in the training part only.",
        "none": "Classes were left as unequal as they are.",
    }[plan.experiment.augmentation.balance]


def _augmentation(plan: Plan) -> str:
    steps = ", ".join(plan.augmentations)
    return f"Training part only, anew in every epoch: {steps}." if steps else "None."


def _network(model: Trained, chosen: Chosen[ModelSpec]) -> str:
    settings = ", ".join(f"{name} = {json.dumps(value)}" for name, value in chosen.settings.items())
    begun = (
        "Its weights began at random."
        if chosen.spec.pretrained is None
        else "Its weights began as its parameters say."
    )
    return (
        f"{chosen.spec.name} of {chosen.distribution} {chosen.version} ({chosen.spec.summary}), "
        f"{model.facts['parameters']:,} weights"
        f"{f', with {settings}' if settings else ''}. {begun}"
    )


def _training(plan: Plan) -> str:
    return f"AdamW on the cross-entropy; {', '.join(_settings(plan))}."


def _settings(plan: Plan) -> Iterator[str]:
    training = plan.experiment.training
    yield RECIPES[training.recipe]
    if training.time_budget is not None:
        yield f"for at most {training.time_budget:g} seconds"
    else:
        yield f"at most {training.epochs} epochs"
    yield f"{training.batch_size} images a step"
    rates = sorted(
        {training.learning_rate or chosen.spec.learning_rate for chosen in plan.models.values()}
    )
    yield f"peak learning rate {' and '.join(f'{rate:g}' for rate in rates)}"
    yield "the rate was " + SCHEDULES[training.schedule].format(
        warmup=percent(training.warmup, digits=0)
    )
    yield f"weight decay {training.weight_decay:g}"
    yield f"label smoothing {training.label_smoothing:g}"
    yield f"precision {training.precision}"


def _weights(plan: Plan) -> str:
    training = plan.experiment.training
    stopped = ""
    if training.early_stopping and training.time_budget is None:
        stopped = f" Training ends after {training.patience} epochs in which nothing improved."
    averaged = ""
    if training.schedule == "one_cycle" and training.averaging:
        share = percent(training.averaging, digits=0)
        averaged = f" Near the end they are averages over about {share} of steps."
    return f"Those of the epoch that did best on the validation part.{averaged}{stopped}"
