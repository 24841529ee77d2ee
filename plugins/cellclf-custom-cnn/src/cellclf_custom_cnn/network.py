"""A small residual network for single-cell images, quick to train from random weights on a CPU.

    part       layers                              at 128 px, width 32
    pixels     scale 0..255 to -1..1               128 x 128 x 3
    stem       convolution 7x7, stride 4            32 x 32 x 32
    stage 1    residual block                       32 x 32 x 32
    stage 2    residual block, stride 2             16 x 16 x 64
    stage 3    residual block, stride 2              8 x 8 x 128
    stage 4    residual block, stride 2              4 x 4 x 256
    features   global average                            256
    logits     (dense,) dropout, dense               classes

The stem shrinks the image fourfold at once, because on a CPU most time goes into the layers of high
resolution. Each stage then halves the sides and doubles the channels, so that all blocks cost about
the same. The shortcut of a shrinking block averages 2x2 pixels rather than skip three of four
(residual block: He et al., 2016; averaging shortcut: He et al., 2019). What else was tried is in
docs/explanation/custom-cnn.md.
"""

from __future__ import annotations

import keras
from keras import layers, ops

from cellclf import BatchNormalization, TrainingError, read_bundle
from cellclf_custom_cnn.params import CustomCNNParams, Levels, starts_from

__all__ = ["build", "pretrained"]

STAGES = (1, 2, 4, 8)
"""Channels of each stage, as multiples of `params.width`."""

STEM_SIZE, STEM_STRIDE = 7, 4

HEAD = ("head_", "logits/")
"""Where the paths of weights begin that belong to certain classes."""

MOMENTUM = 0.9
"""Statistics settle within tens of steps; an epoch of a small set has no more."""

FULL = 255
HALF_RANGE = FULL / 2

PATCH = 8
"""Side in pixels of what is averaged before the lightest and the darkest of it are found."""

LEAST = 1 / 16
"""Of the scale: an image that holds less contrast is not stretched any further."""


def build(
    params: CustomCNNParams, *, input_shape: tuple[int, int, int], num_classes: int
) -> keras.Model:
    """Build the network: 0-255 RGB images in, logits `(batch, num_classes)` out."""
    image = keras.Input(input_shape, name="image")
    x = _stem(_pixels(image, params.levels), params.width)
    for stage, multiple in enumerate(STAGES, start=1):
        stride = 1 if stage == 1 else 2
        x = _residual_block(x, multiple * params.width, stride=stride, name=f"stage_{stage}")
    x = layers.GlobalAveragePooling2D(name="features")(x)
    if params.head_units:
        x = layers.Dense(params.head_units, activation="relu", name="head_dense")(x)
    x = layers.Dropout(params.dropout, name="head_dropout")(x)
    logits = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(image, logits, name="custom_cnn")


def pretrained(model: keras.Model, params: CustomCNNParams) -> None:
    """Fill all of `model` but its head from the bundle that `params.weights` names."""
    place = starts_from(params)
    if place is None:
        return
    weights = read_bundle(place).weights
    wanted = [v for v in model.weights if not v.path.startswith(HEAD)]
    shapes = {path: array.shape for path, array in weights.items()}
    unfit = [v.path for v in wanted if shapes.get(v.path) != tuple(v.shape)]
    if unfit:
        raise TrainingError(
            f"`weights` must be a bundle of custom_cnn of width {params.width}. "
            f"Received: {params.weights}, in which {len(unfit)} weights, such as {unfit[0]}, are "
            "missing or of another shape"
        )
    for variable in wanted:
        variable.assign(weights[variable.path])


def _pixels(image: keras.KerasTensor, levels: Levels) -> keras.KerasTensor:
    """Levels of -1 to 1: of the whole scale, or of what there is in the image, channel by channel.

    What counts as there is the mean of a patch, so that neither noise nor a speck decides.
    """
    if levels == "fixed":
        return layers.Rescaling(1 / HALF_RANGE, -1.0, name="pixels")(image)
    x = layers.Rescaling(1 / FULL, name="levels")(image)
    patches = layers.AveragePooling2D(PATCH, padding="same", name="patches")(x)
    lightest = layers.GlobalMaxPooling2D(keepdims=True, name="lightest")(patches)
    if levels == "background":
        x = x / ops.maximum(lightest, LEAST)
    else:
        densities = layers.Rescaling(-1.0, 1.0, name="densities")(patches)
        densest = layers.GlobalMaxPooling2D(keepdims=True, name="densest")(densities)
        darkest = 1.0 - densest
        x = (x - darkest) / ops.maximum(lightest - darkest, LEAST)
    return layers.Rescaling(2.0, -1.0, name="pixels")(x)


def _stem(x: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    x = _convolution(x, channels, STEM_SIZE, stride=STEM_STRIDE, name="stem")
    return layers.ReLU(name="stem_relu")(x)


def _residual_block(
    x: keras.KerasTensor, channels: int, *, stride: int, name: str
) -> keras.KerasTensor:
    """Two 3x3 convolutions beside a shortcut, averaged and widened where the shape changes."""
    shortcut = x
    if stride > 1:
        pool = layers.AveragePooling2D(stride, padding="same", name=f"{name}_skip_pool")
        shortcut = pool(shortcut)
    if shortcut.shape[-1] != channels:
        shortcut = _convolution(shortcut, channels, 1, name=f"{name}_skip")
    x = _convolution(x, channels, 3, stride=stride, name=f"{name}_1")
    x = layers.ReLU(name=f"{name}_1_relu")(x)
    x = _convolution(x, channels, 3, name=f"{name}_2")
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.ReLU(name=f"{name}_relu")(x)


def _convolution(
    x: keras.KerasTensor, channels: int, size: int, *, name: str, stride: int = 1
) -> keras.KerasTensor:
    """A convolution and its batch normalisation, whose offset takes the place of a bias."""
    x = layers.Conv2D(
        channels,
        size,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    return BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)
