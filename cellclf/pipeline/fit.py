"""Building and fitting the network of one model."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import keras

from cellclf.checking import Chosen, Plan
from cellclf.data.batches import TrainingBatches
from cellclf.data.decode import DECODE_VERSION
from cellclf.inference.bundle import require_room
from cellclf.network import backend
from cellclf.network.build import build, set_weights, weights_of
from cellclf.network.distribution import Share, distributed
from cellclf.pipeline.batches import training_batches
from cellclf.pipeline.prepare import Prepared
from cellclf.progress import Progress
from cellclf.run_directory import RunDirectory
from cellclf.settings import TrainingSettings
from cellclf.specs import CallbackContext, ModelSpec
from cellclf.training.features import Backbone
from cellclf.training.history import History
from cellclf.training.recipes import Lesson, Phase, phases_of
from cellclf.training.watching import Watcher, watchers

__all__ = ["built", "fitted", "on_one_device"]


def fitted(
    label: str,
    chosen: Chosen[ModelSpec],
    plan: Plan,
    prepared: Prepared,
    directory: RunDirectory,
    progress: Progress,
    share: Share,
) -> tuple[History, keras.Model]:
    """Return a trained network and how it was trained; all processes of a run call this."""
    experiment, folder = plan.experiment, directory.training(label)
    settings, batches = experiment.training, training_batches(plan, prepared)
    # Made before anything random is drawn: whatever they draw changes no number of the run.
    phases = [
        (phase, _watching(label, chosen, phase, plan, prepared, directory, batches, share))
        for phase in phases_of(settings, chosen.spec.stages, epoch_length=batches.epoch_length)
    ]
    backend.seed_everything(experiment.seed)
    with distributed(share):
        network = built(chosen, plan, prepared)
        require_room(network.count_params())
        progress.say(f"{label}: {backend.summary(network.dtype_policy.name)}")
        _start(network, chosen, settings, label, progress)
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
            directory=folder,
            progress=progress,
            description=f"{label}: training",
            share=share,
        )
        history = lesson.learn()
    progress.say(f"{label}: {history.reason}")
    return history, network


def built(chosen: Chosen[ModelSpec], plan: Plan, prepared: Prepared) -> keras.Model:
    """Return the network of a model with random weights, in the precision that is asked for."""
    with backend.precision(plan.experiment.training.precision):
        return build(
            chosen.spec,
            chosen.params,
            image_size=plan.experiment.data.image_size,
            num_classes=len(prepared.samples.classes),
        )


def on_one_device(
    network: keras.Model, chosen: Chosen[ModelSpec], plan: Plan, prepared: Prepared
) -> keras.Model:
    """The same network, for this process to use alone: predictions need no other."""
    copy = built(chosen, plan, prepared)
    set_weights(copy, weights_of(network))
    return copy


def _watching(
    label: str,
    chosen: Chosen[ModelSpec],
    phase: Phase,
    plan: Plan,
    prepared: Prepared,
    directory: RunDirectory,
    batches: TrainingBatches,
    share: Share,
) -> tuple[Watcher, ...]:
    if not share.leads:
        return ()
    folder = phase.folder(directory.training(label))
    folder.mkdir(parents=True, exist_ok=True)
    context = CallbackContext(
        label=label,
        architecture=chosen.spec.name,
        run_directory=directory.path,
        training_folder=folder,
        experiment=plan.experiment.model_dump(mode="json"),
        classes=prepared.samples.classes,
        epochs=phase.epochs,
        steps_per_epoch=len(batches.of_size(phase.batch_size)),
        phase=phase.name,
    )
    return watchers(plan.callbacks, context)


def _start(
    network: keras.Model,
    chosen: Chosen[ModelSpec],
    settings: TrainingSettings,
    label: str,
    progress: Progress,
) -> None:
    """Give the network the weights that its parameters ask for."""
    before = [crc32(value.tobytes()) for value in weights_of(network).values()]
    if chosen.spec.pretrained is not None:
        chosen.function("pretrained")(network, chosen.params)
    after = [crc32(value.tobytes()) for value in weights_of(network).values()]
    if settings.recipe != "from_scratch" and after == before:
        progress.warn(
            f"{label}: its backbone has random weights, of which training.recipe = "
            f'"{settings.recipe}" makes little: set models.{label}.params.weights'
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
