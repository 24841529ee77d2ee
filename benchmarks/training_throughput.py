"""Seconds of the first step and images a second of the others, beside the tutorial way.

    python benchmarks/training_throughput.py FOLDER [--models NAME ...]

FOLDER holds one folder of images for each class. Both ways train the same network from random
weights on batches of 32 images of 128 px, augmented by flips, turns and contrast; each in a process
of its own, in turn:

- the tutorial way: `image_dataset_from_directory`, Keras' augmentation layers in front of the
  network, Keras' layers and Adam, `model.fit`, TensorFlow as it is installed;
- cellclf: `fit` on its store of decoded images, its default augmentation and optimiser.

The first step is the time from the call of `fit` to the end of that step; the rate is that of the
steps after the second. Ratios are those of this one run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

SIZE, BATCH = 128, 32
STEPS = {"custom_cnn": 100, "efficientnet_b4": 14, "vgg16": 8}
TURNS = {"custom_cnn": 3, "efficientnet_b4": 1, "vgg16": 1}
"""How often both are measured, in turn; the medians count. Quick steps vary more."""

SETTLED = 2
"""Steps after which the rate is measured."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", nargs="+", default=list(STEPS))
    parser.add_argument("--side", choices=("tutorial", "cellclf"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        side = tutorial if asked.side == "tutorial" else ours
        print(json.dumps(side(asked.folder, asked.models[0])))
        return
    for model in asked.models:
        runs = [
            [_measured(asked, model, side) for side in ("tutorial", "cellclf")]
            for _ in range(TURNS[model])
        ]
        theirs, mine = (
            {name: median(run[side][name] for run in runs) for name in ("first", "rate")}
            for side in (0, 1)
        )
        print(
            f"{model}: first step {theirs['first']:.1f} s and {mine['first']:.1f} s, "
            f"{mine['first'] / theirs['first']:.0%} of theirs; then "
            f"{theirs['rate']:.1f} and {mine['rate']:.1f} images/s, "
            f"{mine['rate'] / theirs['rate']:.2f} times as many",
            flush=True,
        )


def _measured(asked: argparse.Namespace, model: str, side: str) -> dict[str, float]:
    command = [sys.executable, __file__, str(asked.folder), "--side", side, "--models", model]
    finished = subprocess.run(
        command,
        env={**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(finished.stdout.splitlines()[-1])
    return found


def tutorial(folder: Path, name: str) -> dict[str, float]:
    import keras

    classes = len([place for place in folder.iterdir() if place.is_dir()])
    network = keras.models.clone_model(_network(name, classes), clone_function=_of_keras)
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.RandomFlip()(image)
    x = keras.layers.RandomRotation(0.5)(x)
    x = keras.layers.RandomContrast(0.2)(x)
    model = keras.Model(image, network(x))
    dataset = keras.utils.image_dataset_from_directory(
        folder, image_size=(SIZE, SIZE), batch_size=BATCH, verbose=False
    )
    model.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    clock = _clock(STEPS[name])
    began = time.perf_counter()
    model.fit(dataset, epochs=100, verbose=0, callbacks=[clock])
    return _figures(began, clock.ends)


def ours(folder: Path, name: str) -> dict[str, float]:
    import cellclf

    cellclf.prepare_backend()
    import numpy as np

    from cellclf.checking import plan
    from cellclf.data.batches import TrainingBatches
    from cellclf.data.store import open_store
    from cellclf.errors import PluginError
    from cellclf.pipeline.batches import augmentation_chain
    from cellclf.pipeline.prepare import load_samples
    from cellclf.progress import Silent
    from cellclf.registry import installed
    from cellclf.training.fit import fit
    from cellclf.training.watching import Watcher

    planned = plan({"data": {"path": str(folder)}, "models": [name]}, installed())
    samples = load_samples(planned)
    with tempfile.TemporaryDirectory() as place:
        store = open_store(
            samples, size=SIZE, mode="stretch", cache=Path(place) / "cache", progress=Silent()
        )
        rows = np.arange(BATCH, len(samples))
        batches = TrainingBatches(
            store.images,
            rows,
            samples.labels,
            num_classes=len(samples.classes),
            batch_size=BATCH,
            seed=0,
            chain=augmentation_chain(planned),
        )
        clock = _clock(STEPS[name])
        model = _network(name, len(samples.classes))
        began = time.perf_counter()
        # Who watches may not ask for an end: it is refused when it does, after the last step.
        with suppress(PluginError):
            fit(
                model,
                batches,
                validation=(store.images, np.arange(BATCH), samples.labels),
                settings=planned.experiment.training,
                learning_rate=1e-3,
                directory=Path(place) / "fit",
                progress=Silent(),
                watchers=[Watcher(clock, "the clock")],
            )
    return _figures(began, clock.ends)


def _network(name: str, classes: int) -> Any:
    from cellclf.checking import choose
    from cellclf.network.build import build
    from cellclf.registry import installed
    from cellclf.specs import ModelSpec

    chosen = choose(ModelSpec, name, {}, installed(), at="model", params_at="params")
    return build(chosen.spec, chosen.params, image_size=SIZE, num_classes=classes)


def _of_keras(layer: Any) -> Any:
    """The same layer, with batch normalisation by Keras' own."""
    import keras

    kind = type(layer)
    if isinstance(layer, keras.layers.BatchNormalization):
        kind = keras.layers.BatchNormalization
    return kind.from_config(layer.get_config())


def _clock(steps: int) -> Any:
    import keras

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        """Notes when steps end, and asks for an end after some."""

        def __init__(self) -> None:
            super().__init__()
            self.ends: list[float] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            del batch
            float(next(iter(logs.values())))  # waits for the step
            self.ends.append(time.perf_counter())
            if len(self.ends) >= steps:
                self.model.stop_training = True

    return Clock()


def _figures(began: float, ends: list[float]) -> dict[str, float]:
    settled = ends[SETTLED - 1 :]
    seconds = (settled[-1] - settled[0]) / (len(settled) - 1)
    return {"first": ends[0] - began, "rate": BATCH / seconds}


if __name__ == "__main__":
    main()
