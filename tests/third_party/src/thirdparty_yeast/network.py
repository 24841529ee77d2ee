"""The network."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

import cellclf


def build(params: Any, *, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    """One convolution, one average, one decision."""
    image = keras.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 255, name="pixels")(image)
    x = layers.Conv2D(params.filters, 3, activation="relu", name="convolution")(x)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(image, layers.Dense(num_classes, dtype="float32", name="logits")(x))


def bud_log(
    params: cellclf.NoParams, *, context: cellclf.CallbackContext
) -> keras.callbacks.Callback:
    return keras.callbacks.CSVLogger(str(context.training_folder / "buds.csv"), append=True)
