"""Building and fitting the network of one model."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import keras

from cellclf.checking import Plan
from cellclf.chosen import Chosen
from cellclf.data.batches import TrainingBatches
from cellclf.data.decode import DECODE_VERSION
from cellclf.inference.bundle import require_room
from cellclf.network import backend
from cellclf.network.build import build, set_weights, weights_of
from cellclf.network.distribution import distributed
from cellclf.pipeline.batches import training_batches
from cellclf.pipeline.work import Work
from cellclf.specs import CallbackContext, ModelSpec
from cellclf.training.features import Backbone
from cellclf.training.history import History
from cellclf.training.recipes import Lesson, Phase, phases_of
from cellclf.training.watching import Watcher, watchers

__all__ = ["built", "fitted", "on_one_device"]


def fitted(label: str, work: Work) -> tuple[History, keras.Model]:
    """Train one model, from its first weights or from where a killed run stood.

    All processes of a run call this.

    Args:
        label: What the run calls it.
        work: The run.

    Returns:
        How it was trained, and the trained network.

    Raises:
        BundleError: A bundle cannot hold such a network.
        TrainingError: Training diverged.
        PluginError: The architecture, an augmentation or a callback is at fault.
    """
    plan, prepared, progress = work.plan, work.prepared, work.progress
    chosen, experiment = plan.models[label], plan.experiment
    settings, batches = experiment.training, training_batches(plan, prepared)
    # Made before anything random is drawn: whatever they draw changes no number of the run.
    phases = [
        (phase, _watching(label, phase, work, batches))
        for phase in phases_of(settings, chosen.spec.stages, epoch_length=batches.epoch_length)
    ]
    backend.seed_everything(experiment.seed)
    with distributed(work.share):
        network = built(label, work)
        require_room(network.count_params())
        progress.say(f"{label}: {backend.summary(network.dtype_policy.name)}")
        _start(network, label, work)
        lesson = Lesson(
            network=network,
            phases=phases,
            batches=batches,
            backbone=Backbone(
                model=network,
                images=prepared.images,
                batches=batches,
                content=prepared.store.content,
                made_by=_made_by(chosen, plan),
                augmented_by=_augmented_by(plan),
                progress=progress,
                description=f"{label}: features of the backbone",
            ),
            rows=prepared.split.rows("validation"),
            labels=prepared.samples.labels,
            settings=settings,
            learning_rate=settings.learning_rate or chosen.spec.learning_rate,
            directory=work.directory.training(label),
            progress=progress,
            description=f"{label}: training",
            share=work.share,
        )
        history = lesson.learn()
    progress.say(f"{label}: {history.reason}")
    return history, network


def built(label: str, work: Work) -> keras.Model:
    """Return the network of a model with random weights, in the precision that is asked for.

    Args:
        label: What the run calls it.
        work: The run.
    """
    chosen, experiment = work.plan.models[label], work.plan.experiment
    with backend.precision(experiment.training.precision):
        return build(
            chosen.spec,
            chosen.params,
            image_size=experiment.data.image_size,
            num_classes=len(work.prepared.samples.classes),
        )


def on_one_device(network: keras.Model, label: str, work: Work) -> keras.Model:
    """Return the same network for this process to use alone: predictions need no other.

    Args:
        network: A trained network, on all devices of the run.
        label: What the run calls it.
        work: The run.
    """
    copy = built(label, work)
    set_weights(copy, weights_of(network))
    return copy


def _watching(
    label: str, phase: Phase, work: Work, batches: TrainingBatches
) -> tuple[Watcher, ...]:
    """Callbacks of plugins for one phase of one model's training; the first process has them."""
    if not work.share.leads:
        return ()
    folder = phase.folder(work.directory.training(label))
    folder.mkdir(parents=True, exist_ok=True)
    context = CallbackContext(
        label=label,
        architecture=work.plan.models[label].spec.name,
        run_directory=work.directory.path,
        training_folder=folder,
        experiment=work.plan.experiment.model_dump(mode="json"),
        classes=work.prepared.samples.classes,
        epochs=phase.epochs,
        steps_per_epoch=len(batches.of_size(phase.batch_size)),
        phase=phase.name,
    )
    return watchers(work.plan.callbacks, context)


def _start(network: keras.Model, label: str, work: Work) -> None:
    """Give the network the weights that its parameters ask for."""
    chosen, recipe = work.plan.models[label], work.plan.experiment.training.recipe
    before = [crc32(value.tobytes()) for value in weights_of(network).values()]
    if chosen.spec.pretrained is not None:
        chosen.function("pretrained")(network, chosen.params)
    after = [crc32(value.tobytes()) for value in weights_of(network).values()]
    if recipe != "from_scratch" and after == before:
        work.progress.warn(
            f"{label}: its backbone has random weights, of which training.recipe = "
            f'"{recipe}" makes little: set models.{label}.params.weights'
        )


def _made_by(chosen: Chosen[ModelSpec], plan: Plan) -> dict[str, Any]:
    """What the features of a backbone depend on beside its weights and the images."""
    data = plan.experiment.data
    return {
        "architecture": [chosen.spec.name, chosen.distribution, chosen.version, chosen.settings],
        "decoded": [data.image_size, data.resize, DECODE_VERSION],
    }


def _augmented_by(plan: Plan) -> dict[str, Any]:
    """What an augmented view depends on beside its image."""
    return {
        "seed": plan.experiment.seed,
        "steps": [
            [one.spec.name, one.distribution, one.version, one.settings]
            for one in plan.augmentations.values()
        ],
    }
