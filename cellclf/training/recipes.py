"""Recipes: which layers are trained when, and what is looked at only once.

`from_scratch` trains all layers. `head_only` leaves the backbone, up to the layer `features`, as it
is: its features are computed once, and the head is trained on them. `fine_tune` begins like that;
then the stages of the backbone join from the top, at a lower rate, with normalisation as in
prediction (Howard and Ruder, 2018, on unfreezing by stages). Architectures only say where their
stages are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.network.build import layers_of
from cellclf.network.distribution import ALONE, Share
from cellclf.network.outputs import FEATURES
from cellclf.training.checkpoint import Arrays, assign, values_of
from cellclf.training.features import Backbone, FeatureBatches
from cellclf.training.fit import Validation, fit
from cellclf.training.history import History, best_of, write_history

if TYPE_CHECKING:
    from cellclf.data.batches import TrainingBatches
    from cellclf.progress import Progress
    from cellclf.settings import TrainingSettings
    from cellclf.training.feed import Batches
    from cellclf.training.watching import Watcher

__all__ = ["Lesson", "Phase", "phases_of"]

HEAD = "head"

LEAST_STEPS = 8
"""Of an epoch on features: a step costs little more for more of them, but they must be many."""

Trains = Literal["all", "head", "stages"]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A part of a recipe that has a schedule of its own.

    Attributes:
        name: `head`, `unfrozen_1`, ...; empty for a recipe of one phase.
        trains: What is trained: all layers, the head, or the head and some stages.
        epochs: How many epochs at most.
        stages: The stages that are trained, where only some are.
        rest: Layers of the backbone that are in no stage are trained too.
        rate: Share of the peak rate.
        batch_size: Images, or features, a step.
    """

    name: str = ""
    trains: Trains
    epochs: int
    stages: tuple[str, ...] = ()
    rest: bool = False
    rate: float = 1.0
    batch_size: int

    def folder(self, directory: Path) -> Path:
        """Where its checkpoints and its history lie, below those of the model."""
        return directory / self.name if self.name else directory


def phases_of(
    settings: TrainingSettings, stages: Sequence[str], *, epoch_length: int
) -> tuple[Phase, ...]:
    """Return the phases of the recipe that the settings name.

    Args:
        settings: Recipe, epochs and batch sizes.
        stages: Prefixes of the names of an architecture's layers, nearest the output first.
        epoch_length: Views in one epoch.

    Example:
        >>> from cellclf.experiment import TrainingSettings
        >>> fine_tune = TrainingSettings(recipe="fine_tune", epochs=41)
        >>> stages = ["block3", "block2", "block1"]
        >>> for phase in phases_of(fine_tune, stages, epoch_length=1600):
        ...     print(phase.name, phase.epochs, phase.stages, phase.batch_size)
        head 10 () 200
        unfrozen_1 15 ('block3', 'block2') 32
        unfrozen_2 16 ('block3', 'block2', 'block1') 32
    """
    size = settings.batch_size
    if settings.recipe == "from_scratch":
        return (Phase(trains="all", epochs=settings.epochs, batch_size=size),)
    features = min(settings.feature_batch_size, max(size, epoch_length // LEAST_STEPS))
    head = Phase(
        trains="head",
        epochs=settings.epochs,
        batch_size=features,
        # How the rate of an Adam goes with the size of its batches: Malladi et al., 2022.
        rate=math.sqrt(features / size),
    )
    if settings.recipe == "head_only":
        return (head,)
    left = settings.epochs - settings.head_epochs
    steps = max(1, min(settings.unfreezing, len(stages), left))
    return (
        replace(head, name=HEAD, epochs=settings.head_epochs),
        *(
            Phase(
                name=f"unfrozen_{step}",
                trains="stages",
                # They differ by one at most, the later ones larger.
                epochs=left * step // steps - left * (step - 1) // steps,
                stages=tuple(stages[: math.ceil(len(stages) * step / steps)]),
                rest=step == steps,
                rate=settings.fine_tune_rate,
                batch_size=size,
            )
            for step in range(1, steps + 1)
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One network, and all that it is to learn from.

    Attributes:
        network: Freshly built, its weights those that training starts from.
        phases: The recipe, each phase with those who watch it.
        batches: The training part.
        backbone: Where features come from.
        rows: What is validated on, as rows of the images of the set.
        labels: Class number of every image of the set.
        settings: Everything else that decides how it is trained.
        learning_rate: Peak rate of layers that start from random weights.
        directory: For checkpoints and history.
        progress: Hears how far the work has come.
        description: What the task is called.
        share: Where several devices train, which part of that is this process's.
    """

    network: keras.Model
    phases: Sequence[tuple[Phase, Sequence[Watcher]]]
    batches: TrainingBatches
    backbone: Backbone
    rows: NDArray[np.intp]
    labels: NDArray[np.intp]
    settings: TrainingSettings
    learning_rate: float
    directory: Path
    progress: Progress
    description: str
    share: Share = ALONE

    def learn(self) -> History:
        """Train by the recipe; the network holds the weights of its best epoch afterwards.

        Called again with a freshly built network and the same arguments, it goes on where it was
        interrupted, as `fit` does. A phase begins with the best weights of the one before it.

        Raises:
            TrainingError: The loss is no longer a finite number.
            PluginError: A plugin failed.
            RunError: The cache cannot be written to.
        """
        done: list[History] = []
        best: Arrays = []
        with _trainable_as_before(self.network):
            for phase, watching in self.phases:
                done.append(self._learn(phase, watching))
                whole = _joined(done)
                if len(self.phases) > 1:
                    write_history(self.directory, whole.rows)
                if whole.best_epoch > len(whole.rows) - len(done[-1].rows):
                    best = values_of(self.network.weights)
        assign(self.network.weights, best)
        return whole

    def _learn(self, phase: Phase, watching: Sequence[Watcher]) -> History:
        model = self.network
        batches: Batches = self.batches
        validation: Validation = (self.backbone.images, self.rows, self.labels)
        if phase.trains == "head":
            _freeze(self.network, but=(), rest=False)
            model = _head(self.network)
            batches, validation = self._features(phase, tuple(model.inputs[0].shape)[1:])
        elif phase.trains == "stages":
            _freeze(self.network, but=phase.stages, rest=phase.rest)
        budget = self.settings.time_budget
        total = sum(other.epochs for other, _ in self.phases)
        settings = self.settings.model_copy(
            update={
                "epochs": phase.epochs,
                "batch_size": phase.batch_size,
                "time_budget": None if budget is None else budget * phase.epochs / total,
            }
        )
        return fit(
            model,
            batches,
            validation=validation,
            settings=settings,
            learning_rate=self.learning_rate * phase.rate,
            directory=phase.folder(self.directory),
            progress=self.progress,
            description=f"{self.description} {phase.name}".rstrip(),
            watchers=watching,
            share=self.share,
            on_features=phase.trains == "head",
        )

    def _features(self, phase: Phase, shape: tuple[int, ...]) -> tuple[FeatureBatches, Validation]:
        """Training batches and validation in which images are replaced by their features."""
        rows, views = self.batches.rows, self.settings.feature_views
        shown = [None] if views == 0 else range(views)
        learnt = [(int(row), view) for view in shown for row in rows]
        judged_on = [(int(row), None) for row in self.rows]
        # One call, because its last batch is filled up.
        found = self.backbone.features([*learnt, *judged_on]).reshape(-1, *shape)
        return (
            FeatureBatches(self.batches.of_size(phase.batch_size), found[: len(learnt)]),
            (found[len(learnt) :], np.arange(len(self.rows)), self.labels[self.rows]),
        )


def _head(network: keras.Model) -> keras.Model:
    """What comes after the layer `features`, as a model of the same layers."""
    return keras.Model(network.get_layer(FEATURES).output, network.outputs[0])


def _backbone_layers(network: keras.Model) -> list[keras.layers.Layer]:
    head = {id(layer) for layer in _head(network).layers}
    return [layer for layer in network.layers if id(layer) not in head]


@contextmanager
def _trainable_as_before(network: keras.Model) -> Iterator[None]:
    """Undo, after a block, what it changed about which layers are trained."""
    before = [(layer, layer.trainable) for top in network.layers for layer in layers_of(top)]
    try:
        yield
    finally:
        for layer, trainable in before:  # outer layers first: they set those within
            layer.trainable = trainable


def _freeze(network: keras.Model, *, but: Sequence[str], rest: bool) -> None:
    """Train of the backbone only some stages, or all of it; normalisation stays as in prediction.

    Args:
        network: What is trained.
        but: Prefixes of the names of the layers that learn.
        rest: All others learn too.
    """
    for layer in _backbone_layers(network):
        layer.trainable = rest or layer.name.startswith(tuple(but))
        for inner in layers_of(layer):
            if isinstance(inner, keras.layers.BatchNormalization):
                inner.trainable = False


def _joined(histories: Sequence[History]) -> History:
    """One history of several phases, its epochs counted through."""
    if len(histories) == 1:
        return histories[0]
    rows = [row for history in histories for row in history.rows]
    rows = [replace(row, epoch=number) for number, row in enumerate(rows, start=1)]
    best = best_of(rows)
    return History(
        rows=tuple(rows),
        best_epoch=best.epoch,
        stopped_early=any(history.stopped_early for history in histories),
        reason=f"{histories[-1].reason.partition(';')[0]}; kept the weights of epoch {best.epoch}",
    )
