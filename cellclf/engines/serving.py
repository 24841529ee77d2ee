"""The network that is handed to a runtime: bytes of images in, what it says of them out."""

from __future__ import annotations

import keras

from cellclf.network.outputs import FEATURES, LOGITS

__all__ = ["IMAGES", "served"]

IMAGES = "images"
"""Name of the input."""


def served(network: keras.Model) -> keras.Model:
    """Return a network that takes `uint8` images and names what it gives.

    Args:
        network: What `cellclf.network.build.build` gives: 0-255 RGB in, logits out.

    Returns:
        Input `images`, `uint8` RGB `(batch, size, size, 3)`; outputs `logits`, `(batch, k)`, and
        `features`, `(batch, f)`, float32. It shares the variables of `network`.
    """
    features = keras.layers.Flatten(name="flat_features")(network.get_layer(FEATURES).output)
    inner = keras.Model(network.inputs[0], [network.outputs[0], features])
    images = keras.Input(network.inputs[0].shape[1:], dtype="uint8", name=IMAGES)
    logits, features = inner(keras.ops.cast(images, network.inputs[0].dtype))
    return keras.Model(
        images, {LOGITS: logits, FEATURES: keras.ops.cast(features, "float32")}, name="served"
    )
