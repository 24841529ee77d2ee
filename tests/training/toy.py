"""A toy problem, and a toy network with everything that makes resuming hard."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.data.batches import TrainingBatches

__all__ = ["CLASSES", "SIZE", "Toy", "toy_network", "toy_problem"]

CLASSES = 3
SIZE = 8
TRAINED_ON = 44
VALIDATED_ON = 21


@dataclass
class Toy:
    """Images whose colour is their class, behind noise."""

    images: NDArray[np.uint8]
    labels: NDArray[np.intp]

    @property
    def validation(self) -> tuple[NDArray[np.uint8], NDArray[np.intp], NDArray[np.intp]]:
        return self.images, np.arange(TRAINED_ON, TRAINED_ON + VALIDATED_ON), self.labels

    def batches(self, **changes: object) -> TrainingBatches:
        arguments = {"num_classes": CLASSES, "batch_size": 8, "seed": 3, **changes}
        return TrainingBatches(self.images, np.arange(TRAINED_ON), self.labels, **arguments)


def toy_problem() -> Toy:
    rng = np.random.default_rng(11)
    labels = np.arange(TRAINED_ON + VALIDATED_ON) % CLASSES
    pixels = rng.normal(110, 30, (len(labels), SIZE, SIZE, 3))
    pixels[np.arange(len(labels)), :, :, labels] += 45
    return Toy(images=pixels.clip(0, 255).astype(np.uint8), labels=labels)


def toy_network(seed: int = 5) -> keras.Model:
    keras.utils.set_random_seed(seed)
    pixels = keras.layers.Input((SIZE, SIZE, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255, name="pixels")(pixels)
    x = keras.layers.Conv2D(6, 3, name="convolution")(x)
    x = keras.layers.BatchNormalization(momentum=0.8, name="normalization")(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    x = keras.layers.Dropout(0.2)(x)
    return keras.Model(pixels, keras.layers.Dense(CLASSES, name="logits")(x))
