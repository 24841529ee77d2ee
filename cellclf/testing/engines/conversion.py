"""An engine on trial: a network of the fewest layers, converted and opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.engines.converted import Converted
from cellclf.engines.engine import KerasEngine
from cellclf.engines.serving import served
from cellclf.network.outputs import FEATURES, LOGITS
from cellclf.testing.trial import Trial

__all__ = ["CLOSE", "SIZE", "Conversion", "Given", "reference", "tiny"]

SIZE = 16
CLASSES = 3

CLOSE = partial(np.allclose, rtol=1e-4, atol=1e-3)

Given = Mapping[str, NDArray[np.float32]]

Run = Callable[[NDArray[np.uint8]], Given]


class Conversion:
    """A tiny network, converted into a folder and opened from there.

    Args:
        trial: The engine.
    """

    def __init__(self, trial: Trial) -> None:
        self.network = served(tiny())
        # Compiling takes longer than a few images.
        self.network.run_eagerly = True
        self.folder = trial.folder()
        trial.function("convert")(
            self.network, self.folder, trial.params, metadata={"model": "tiny"}
        )
        self.run: Run = trial.function("open")(self.folder, trial.params)

    def engine(self, trial: Trial) -> Converted:
        """The engine as predictions use it."""
        return Converted(trial.spec.name, self.run, image_size=SIZE)


@cache
def reference() -> KerasEngine:
    """What the converted network has to give."""
    return KerasEngine(tiny())


@cache
def tiny() -> keras.Model:
    """A network of one convolution, with a name for every layer that the core asks for."""
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = keras.layers.Rescaling(1 / 255, name="pixels")(image)
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu", name="stem")(x)
    x = keras.layers.GlobalAveragePooling2D(name=FEATURES)(x)
    return keras.Model(image, keras.layers.Dense(CLASSES, name=LOGITS)(x))
