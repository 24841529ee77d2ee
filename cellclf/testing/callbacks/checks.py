"""Checks of what a callback promises: it watches a training of the core, and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.data.batches import TrainingBatches
from cellclf.errors import PluginError
from cellclf.progress import Silent
from cellclf.settings import TrainingSettings
from cellclf.specs import CallbackContext
from cellclf.testing.require import first_few, require
from cellclf.testing.trial import Trial
from cellclf.training.checkpoint import values_of
from cellclf.training.fit import fit
from cellclf.training.watching import Watcher

__all__ = [
    "files_stay_in_its_folder",
    "resumed_training_is_watched",
    "training_is_only_watched",
    "watches_as_a_keras_callback",
]

SIZE = 8
SAMPLES = 24
TRAINED_ON = 16
CLASSES = ("round", "long")
LABEL = "model"
LEARNING_RATE = 0.02
SETTINGS = TrainingSettings(epochs=2, batch_size=8)
LONGER = TrainingSettings(epochs=3, batch_size=8)


class Watched:
    """A run directory in which a tiny network was trained with the callback watching.

    Args:
        trial: The callback.
    """

    def __init__(self, trial: Trial) -> None:
        self.run_directory = trial.folder()
        self.elsewhere = trial.folder()
        self.training_folder = self.run_directory / "training" / LABEL
        self.training_folder.mkdir(parents=True)
        self._trial = trial
        self.weights = self.train(SETTINGS)

    def train(self, settings: TrainingSettings) -> list[NDArray[Any]]:
        """Train a new network with the callback, made anew, and return its weights."""
        with _working_in(self.elsewhere):
            return _trained(settings, Watcher(self.made(settings), self._trial.subject))

    def made(self, settings: TrainingSettings) -> keras.callbacks.Callback:
        """Make the callback."""
        context = CallbackContext(
            label=LABEL,
            architecture="tiny",
            run_directory=self.run_directory,
            training_folder=self.training_folder,
            experiment={
                "data": {"dataset": "image_folder"},
                "models": {LABEL: {"name": "tiny", "params": {}}},
                "training": settings.model_dump(mode="json", exclude_none=True),
            },
            classes=CLASSES,
            epochs=settings.epochs,
            steps_per_epoch=TRAINED_ON // settings.batch_size,
        )
        callback = self._trial.function("make")(self._trial.params, context=context)
        require(
            isinstance(callback, keras.callbacks.Callback),
            f"`make` of {self._trial.subject} must return a keras.callbacks.Callback. "
            f"Received: {type(callback).__name__}",
        )
        return callback


def watches_as_a_keras_callback(trial: Trial) -> None:
    """It is made before the network is, and it is a callback of Keras."""
    unused = Watched.__new__(Watched)
    unused.run_directory = trial.folder()
    unused.training_folder = unused.run_directory
    unused._trial = trial
    unused.made(SETTINGS)


def training_is_only_watched(trial: Trial) -> None:
    """The weights are those of a training that nothing watched."""
    try:
        found = trial.of(Watched).weights
    except PluginError as error:
        raise AssertionError(f"{trial.subject} must only watch: {error}") from error
    require(
        all(np.array_equal(one, other) for one, other in zip(found, _unwatched(), strict=True)),
        f"{trial.subject} must only watch. Received: other weights after a training with it than "
        "without it",
    )


def files_stay_in_its_folder(trial: Trial) -> str:
    """What it writes is below the folder of the training, and nowhere in the working directory."""
    watched = trial.of(Watched)
    stray = [str(path.name) for path in watched.elsewhere.rglob("*")]
    stray += [
        path.relative_to(watched.run_directory).as_posix()
        for path in watched.run_directory.rglob("*")
        if path.is_file() and not path.is_relative_to(watched.training_folder)
    ]
    require(
        not stray,
        f"{trial.subject} must write below `context.training_folder` alone. "
        f"Received: {first_few(sorted(stray))}",
    )
    written = sum(path.is_file() for path in watched.training_folder.rglob("*"))
    return f"{written} files"


def resumed_training_is_watched(trial: Trial) -> None:
    """A run that goes on makes the callback anew, which finds the files of the one before."""
    try:
        trial.of(Watched).train(LONGER)
    except PluginError as error:
        raise AssertionError(
            f"{trial.subject} must take its own files for what they are when a training goes on: "
            f"{error}"
        ) from error


@cache
def _unwatched() -> list[NDArray[Any]]:
    return _trained(SETTINGS)


def _trained(settings: TrainingSettings, *watchers: Watcher) -> list[NDArray[Any]]:
    """The weights of a tiny network after a short training; what draws globally changes nothing."""
    rng = np.random.default_rng(11)
    labels = np.arange(SAMPLES) % len(CLASSES)
    images = rng.integers(60, 160, (SAMPLES, SIZE, SIZE, 3)).astype(np.uint8)
    images[labels == 1, ..., 0] += 60
    keras.utils.set_random_seed(5)
    pixels = keras.layers.Input((SIZE, SIZE, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255, name="pixels")(pixels)
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu", name="convolution")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    x = keras.layers.Dropout(0.2, seed=3, name="dropout")(x)
    model = keras.Model(pixels, keras.layers.Dense(len(CLASSES), name="logits")(x))
    batches = TrainingBatches(
        images,
        np.arange(TRAINED_ON),
        labels,
        num_classes=len(CLASSES),
        batch_size=settings.batch_size,
        seed=3,
    )
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        fit(
            model,
            batches,
            validation=(images, np.arange(TRAINED_ON, SAMPLES), labels),
            settings=settings,
            learning_rate=LEARNING_RATE,
            directory=Path(folder),
            progress=Silent(),
            watchers=watchers,
        )
    return list(values_of(model.weights))


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    """Make `folder` the working directory: what is written to a relative path is found there."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
