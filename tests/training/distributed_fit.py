"""A fit of 20 steps, for a process of its own: `distributed_fit.py KIND FOLDER [DIE_IN_EPOCH]`.

Writes the losses of every epoch and the final weights to `result-PROCESS.npz` in FOLDER.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from cellclf.network import backend
from cellclf.progress import Silent

backend.prepare_backend()

import keras  # noqa: E402  after prepare_backend
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

from cellclf.data.batches import TrainingBatches  # noqa: E402
from cellclf.network.distribution import distributed, join  # noqa: E402
from cellclf.settings import TrainingSettings  # noqa: E402
from cellclf.training.fit import fit  # noqa: E402

SIZE = 12
TRAINED_ON, VALIDATED_ON = 38, 21
"""Neither is a multiple of the batch size, and the last batch, of 6, none of 4 devices."""

SETTINGS = TrainingSettings(epochs=4, batch_size=8)
RATE = 0.02


class DiesIn(Silent):
    """A progress that ends the process, as a kill would, once an epoch has begun to be trained."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def task(self, description: str, total: int) -> Any:
        return super().task(description, total) and self

    def __enter__(self) -> DiesIn:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        found = re.search(r"epoch (\d+)/", note)
        if found and int(found[1]) == self.epoch:
            os._exit(9)


def network() -> keras.Model:
    """Normalisation and dropout, but no bias before the normalisation.

    The gradient of such a bias is 0 but for rounding, which Adam makes into steps of full size.
    """
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Rescaling(1 / 255, name="pixels")(image)
    x = layers.Conv2D(4, 3, use_bias=False, name="convolution")(x)
    x = layers.BatchNormalization(momentum=0.5, name="normalisation")(x)
    x = layers.ReLU(name="activation")(x)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    x = layers.Dropout(0.3, seed=2, name="dropout")(x)
    return keras.Model(image, layers.Dense(3, name="logits")(x))


def main() -> None:
    kind, folder = sys.argv[1], Path(sys.argv[2])
    progress = DiesIn(int(sys.argv[3])) if len(sys.argv) > 3 else Silent()
    share = join(kind)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    labels = np.sort(np.arange(TRAINED_ON + VALIDATED_ON) % 4 % 3)
    rng.shuffle(labels)
    pixels = rng.normal(110, 30, (len(labels), SIZE, SIZE, 3))
    pixels[np.arange(len(labels)), :, :, labels] += 40
    images = pixels.clip(0, 255).astype(np.uint8)
    batches = TrainingBatches(
        images,
        np.arange(TRAINED_ON),
        labels,
        num_classes=3,
        batch_size=SETTINGS.batch_size,
        seed=3,
        balance="weights",
    )
    backend.seed_everything(5)
    with distributed(share):
        model = network()
        history = fit(
            model,
            batches,
            validation=(images, np.arange(TRAINED_ON, len(labels)), labels),
            settings=SETTINGS,
            learning_rate=RATE,
            directory=folder,
            progress=progress,
            checkpoint_every=0,
            share=share,
        )
    table = history.table
    steps = int(model.optimizer.iterations.numpy())
    np.savez(
        folder / f"result-{share.process}.npz",
        steps=steps,
        devices=share.devices,
        figures=table[["loss", "accuracy", "validation_loss", "validation_accuracy"]],
        weights=np.concatenate([np.ravel(weight.numpy()) for weight in model.weights]),
    )


if __name__ == "__main__":
    main()
