"""EfficientNetB4 on preprocessing of our own, so that it is the same with and without weights."""

from __future__ import annotations

import keras
import numpy as np

from cellclf import BatchNormalization, TrainingError, copy_weights, published_network
from cellclf_efficientnet.params import EfficientNetB4Params

__all__ = ["build", "pretrained"]

# Of the training images of ImageNet, RGB, on a scale of 0 to 1: what its published weights expect.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)

SCALING_TOLERANCE = 1e-3

PUBLISHED = "https://storage.googleapis.com/keras-applications/efficientnetb4_notop.h5"

FIRST_LAYER = "stem_conv_pad"
"""Keras' own network from here on is used as it is; what comes before is its preprocessing."""


def build(
    params: EfficientNetB4Params, *, input_shape: tuple[int, int, int], num_classes: int
) -> keras.Model:
    """Build EfficientNetB4: 0-255 RGB in, logits out."""
    image = keras.Input(input_shape, name="image")
    pixels = keras.layers.Rescaling(
        [1 / (255 * deviation) for deviation in DEVIATION],
        [-mean / deviation for mean, deviation in zip(MEAN, DEVIATION, strict=True)],
        name="pixels",
    )(image)
    x = _backbone(pixels)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    if params.head_units:
        x = keras.layers.Dense(params.head_units, activation="relu", name="head_dense")(x)
    x = keras.layers.Dropout(params.dropout, name="head_dropout")(x)
    logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(image, logits, name="efficientnet_b4")


def _backbone(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """Keras' EfficientNetB4 on `pixels`, without the scaling layers that Keras puts in front.

    Those are a `Rescaling`, a `Normalization` with variables and an automatic name, and, only for
    `weights="imagenet"`, another `Rescaling`: three ways to differ from ours silently.
    """
    published = keras.applications.EfficientNetB4(
        include_top=False, weights=None, input_shape=tuple(pixels.shape)[1:]
    )
    names = [layer.name for layer in published.layers]
    followed = {id(published.get_layer(FIRST_LAYER).input): pixels}
    for layer in published.layers[names.index(FIRST_LAYER) :]:
        kind = type(layer)
        if kind is keras.layers.BatchNormalization:
            kind = BatchNormalization
        fresh = kind.from_config(layer.get_config())
        inputs = keras.tree.map_structure(lambda tensor: followed[id(tensor)], layer.input)
        followed[id(layer.output)] = fresh(inputs)
    return followed[id(published.output)]


def pretrained(model: keras.Model, params: EfficientNetB4Params) -> None:
    """Fill the backbone of `model` with the weights that `params.weights` names."""
    if params.weights == "none":
        return
    source = published_network(
        keras.applications.EfficientNetB4, weights=params.weights, address=PUBLISHED
    )
    scaling = next(
        layer for layer in source.layers if isinstance(layer, keras.layers.Normalization)
    )
    _check_scaling(scaling)
    copy_weights(source, model, leave_out=[scaling.name])


def _check_scaling(scaling: keras.layers.Normalization) -> None:
    """Refuse weights that were trained on pixels on another scale than the layer `pixels` gives.

    The published file holds ImageNet's deviation where the layer wants its square, and Keras makes
    up for it with one more `Rescaling`; a file that holds the square needs none. Both end in
    (x / 255 - mean) / deviation. Anything else, such as the zeros and ones of a network that never
    saw ImageNet, does not.
    """
    mean, variance = (np.ravel(value) for value in scaling.get_weights()[:2])
    deviation = np.array(DEVIATION)
    if not np.allclose(mean, MEAN, atol=SCALING_TOLERANCE) or not (
        np.allclose(variance, deviation, atol=SCALING_TOLERANCE)
        or np.allclose(variance, deviation**2, atol=SCALING_TOLERANCE)
    ):
        raise TrainingError(
            f"`weights` must have been trained on pixels scaled by ImageNet's mean {MEAN} and "
            f"deviation {DEVIATION}. Received: a file that says mean {mean.round(3).tolist()}, "
            f"variance {variance.round(3).tolist()}"
        )
