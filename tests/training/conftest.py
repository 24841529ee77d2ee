"""A toy problem, and a toy network with everything that makes resuming hard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from cellclf.data.batches import TrainingBatches

CLASSES = 3
SIZE = 8
TRAINED_ON = 44
VALIDATED_ON = 21


@dataclass
class Listener:
    """A `Progress` that remembers what it heard, and interrupts after some number of steps."""

    interrupt_after: int | None = None
    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    steps: int = 0
    total: int = 0

    def say(self, message: str) -> None:
        self.said.append(message)

    def warn(self, message: str) -> None:
        self.warned.append(message)

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Listener]:
        self.total = total
        yield self

    def advance(self, steps: int = 1, *, note: str = "") -> None:
        self.steps += steps
        self.notes.append(note)
        if self.interrupt_after is not None and self.steps >= self.interrupt_after:
            raise KeyboardInterrupt


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


@pytest.fixture(scope="session")
def toy() -> Toy:
    rng = np.random.default_rng(11)
    labels = np.arange(TRAINED_ON + VALIDATED_ON) % CLASSES
    pixels = rng.normal(110, 30, (len(labels), SIZE, SIZE, 3))
    pixels[np.arange(len(labels)), :, :, labels] += 45
    return Toy(images=pixels.clip(0, 255).astype(np.uint8), labels=labels)


@pytest.fixture(scope="session")
def new_listener() -> type[Listener]:
    return Listener


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture(scope="session")
def network() -> Callable[..., keras.Model]:
    def build(seed: int = 5) -> keras.Model:
        keras.utils.set_random_seed(seed)
        pixels = keras.layers.Input((SIZE, SIZE, 3), dtype="uint8")
        x = keras.layers.Rescaling(1 / 255, name="pixels")(pixels)
        x = keras.layers.Conv2D(6, 3, name="convolution")(x)
        x = keras.layers.BatchNormalization(momentum=0.8, name="normalization")(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.GlobalAveragePooling2D(name="features")(x)
        x = keras.layers.Dropout(0.2)(x)
        return keras.Model(pixels, keras.layers.Dense(CLASSES, name="logits")(x))

    return build
