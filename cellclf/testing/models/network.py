"""An architecture on trial: its network, and the images that it is shown."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.network import build as building
from cellclf.network.backend import current
from cellclf.specs import ModelSpec
from cellclf.testing.trial import Trial

__all__ = ["Network", "again", "given", "logits"]

SEED = 7


class Network:
    """The architecture built with random weights, and images to show it.

    Args:
        trial: The architecture.
    """

    def __init__(self, trial: Trial) -> None:
        assert isinstance(trial.spec, ModelSpec)
        self.spec = trial.spec
        self.params = trial.params
        self.size = max(trial.image_size, trial.spec.min_image_size)
        self.classes = trial.num_classes
        self.images = _coloured(self.classes, self.size)
        keras.utils.set_random_seed(SEED)
        self.model = self.built()

    def built(self) -> keras.Model:
        """Build another one."""
        return building.called(
            self.spec, self.params, image_size=self.size, num_classes=self.classes
        )


def logits(trial: Trial) -> NDArray[Any]:
    """What the network says of its images, computed once."""
    network = trial.of(Network)
    return given(network.model.outputs[0], network.model, network.images)


def again(trial: Trial) -> keras.Model:
    """The architecture built a second time."""
    return trial.of(Network).built()


def given(output: keras.KerasTensor, model: keras.Model, images: NDArray[np.uint8]) -> NDArray[Any]:
    """What `output` of `model` is for `images`, in inference mode."""
    network = keras.Model(model.inputs[0], output)
    # Compiling a deep network takes minutes, looking at a few images without it seconds; but JAX
    # compiles every operation by itself where it does not compile the network.
    network.run_eagerly = current() != "jax"
    found: NDArray[Any] = network.predict_on_batch(images)
    return found


def _coloured(num_classes: int, image_size: int) -> NDArray[np.uint8]:
    """Two noisy images a class, each class another colour."""
    rng = np.random.default_rng(SEED)
    colours = rng.integers(40, 216, (num_classes, 1, 1, 3))
    noise = rng.integers(-40, 40, (2 * num_classes, image_size, image_size, 3))
    return (np.tile(colours, (2, 1, 1, 1)) + noise).astype(np.uint8)
