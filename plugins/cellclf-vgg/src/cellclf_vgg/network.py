"""VGG16 behind its own preprocessing, with a small typed head."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from cellclf import copy_weights, published_network
from cellclf_vgg.params import VGG16Params

__all__ = ["CaffePixels", "build", "pretrained"]

MEAN = (103.939, 116.779, 123.68)
"""Mean blue, green and red of ImageNet's training images, 0-255: what the network was made for."""

PUBLISHED = (
    "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
    "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
)


@keras.saving.register_keras_serializable(package="cellclf_vgg")
class CaffePixels(keras.layers.Layer):  # type: ignore[misc]
    """RGB 0-255 to BGR less ImageNet's mean, as the Caffe network of the paper took it."""

    def call(self, images: Any) -> Any:
        """Return `(batch, height, width, 3)`, about -124 to 151."""
        bgr = keras.ops.take(images, [2, 1, 0], axis=-1)
        return bgr - keras.ops.convert_to_tensor(np.array(MEAN), dtype=self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return `input_shape`."""
        return input_shape


def build(
    params: VGG16Params, *, input_shape: tuple[int, int, int], num_classes: int
) -> keras.Model:
    """Build VGG16: 0-255 RGB in, logits out."""
    image = keras.Input(input_shape, name="image")
    pixels = CaffePixels(name="pixels")(image)
    backbone = keras.applications.VGG16(include_top=False, weights=None, input_tensor=pixels)
    pool = keras.layers.GlobalAveragePooling2D if params.pooling == "avg" else keras.layers.Flatten
    x = pool(name="features")(backbone.output)
    for number, units in enumerate(params.head_units, start=1):
        x = keras.layers.Dense(units, activation="relu", name=f"head_dense_{number}")(x)
        x = keras.layers.Dropout(params.dropout, name=f"head_dropout_{number}")(x)
    logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(image, logits, name="vgg16")


def pretrained(model: keras.Model, params: VGG16Params) -> None:
    """Fill the backbone of `model` with the weights that `params.weights` names."""
    if params.weights == "none":
        return
    source = published_network(keras.applications.VGG16, weights=params.weights, address=PUBLISHED)
    copy_weights(source, model)
