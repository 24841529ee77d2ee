"""The training part of a run as balanced, augmented batches."""

from __future__ import annotations

from cellclf.checking import Plan
from cellclf.data.augmented import Augment
from cellclf.data.batches import TrainingBatches
from cellclf.pipeline.prepare import Prepared

__all__ = ["augmentation_chain", "training_batches"]


def augmentation_chain(plan: Plan) -> Augment:
    """Return the experiment's augmentations, ready to be applied, in order."""
    return tuple(
        (chosen.function("apply"), chosen.params) for chosen in plan.augmentations.values()
    )


def training_batches(plan: Plan, prepared: Prepared) -> TrainingBatches:
    """Return the batches that every model of the run is trained on."""
    experiment = plan.experiment
    return TrainingBatches(
        prepared.images,
        prepared.split.rows("train"),
        prepared.samples.labels,
        num_classes=len(prepared.samples.classes),
        batch_size=experiment.training.batch_size,
        seed=experiment.seed,
        balance=experiment.augmentation.balance,
        chain=augmentation_chain(plan),
    )
