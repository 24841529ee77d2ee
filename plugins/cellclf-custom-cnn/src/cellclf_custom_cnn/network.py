"""A residual network with a stride-4 stem: most of its work is done on small feature maps."""

from __future__ import annotations

from typing import Any

import keras

from cellclf_custom_cnn.params import CustomCNNParams

__all__ = ["build"]

STAGES = (1, 2, 4)
"""Channels of each stage, as multiples of `params.width`."""

BLOCKS = 2
"""Residual blocks a stage."""

# Keras' default of 0.99 has not caught up with the data after the few hundred steps of a small set.
MOMENTUM = 0.9

HALF_RANGE = 127.5


def build(
    params: CustomCNNParams, *, input_shape: tuple[int, int, int], num_classes: int
) -> keras.Model:
    """Build the network: 0-255 RGB in, logits out."""
    image = keras.Input(input_shape, name="image")
    x = keras.layers.Rescaling(1 / HALF_RANGE, -1.0, name="pixels")(image)
    x = _convolution(x, params.width // 2, kernel=3, stride=2, name="stem_1")
    x = keras.layers.Activation("relu", name="stem_1_act")(x)
    x = _convolution(x, params.width, kernel=3, stride=2, name="stem_2")
    x = keras.layers.Activation("relu", name="stem_2_act")(x)
    for stage, multiple in enumerate(STAGES, start=1):
        for block in range(1, BLOCKS + 1):
            x = _residual(
                x,
                params.width * multiple,
                stride=2 if stage > 1 and block == 1 else 1,
                name=f"stage_{stage}_block_{block}",
            )
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    x = keras.layers.Dropout(params.dropout, name="head_dropout")(x)
    logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(image, logits, name="custom_cnn")


def _residual(x: Any, channels: int, *, stride: int, name: str) -> Any:
    """Two convolutions beside a shortcut (He et al., 2016), pooled where the map shrinks."""
    shortcut = x
    if stride > 1:
        shortcut = keras.layers.AveragePooling2D(
            stride, padding="same", name=f"{name}_shortcut_pool"
        )(shortcut)
    if shortcut.shape[-1] != channels:
        shortcut = _convolution(shortcut, channels, kernel=1, stride=1, name=f"{name}_shortcut")
    x = _convolution(x, channels, kernel=3, stride=stride, name=f"{name}_1")
    x = keras.layers.Activation("relu", name=f"{name}_1_act")(x)
    x = _convolution(x, channels, kernel=3, stride=1, name=f"{name}_2")
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return keras.layers.Activation("relu", name=f"{name}_act")(x)


def _convolution(x: Any, channels: int, *, kernel: int, stride: int, name: str) -> Any:
    x = keras.layers.Conv2D(
        channels,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    return keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)
