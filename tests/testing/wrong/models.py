"""Architectures with one fault each."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field

from cellclf.network.backend import prepare_backend
from cellclf.specs import ModelSpec, Params
from tests.testing.wrong.case import Wrong

prepare_backend()

import keras  # noqa: E402  after prepare_backend
import numpy as np  # noqa: E402

__all__ = ["RIGHT", "WRONG"]


class FaultParams(Params):
    """Which fault the network has."""

    fault: str = Field("", description="Name of the one fault; none where empty.")


@keras.saving.register_keras_serializable(package="cellclf_tests")
class Shifted(keras.layers.Layer):  # type: ignore[misc]
    """Something is added that is no variable."""

    def __init__(self, by: float, **about: Any) -> None:
        super().__init__(**about)
        self._by = by

    def call(self, values: Any) -> Any:
        return values + self._by


@keras.saving.register_keras_serializable(package="cellclf_tests")
class FromTheOthers(keras.layers.Layer):  # type: ignore[misc]
    """What is said of an image depends on the others in its batch."""

    def call(self, values: Any) -> Any:
        return values - keras.ops.mean(values, axis=0, keepdims=True)


@keras.saving.register_keras_serializable(package="cellclf_tests")
class Flipped(keras.layers.Layer):  # type: ignore[misc]
    """Channels in reverse, 0 to 1."""

    def call(self, images: Any) -> Any:
        return keras.ops.flip(images, axis=-1) / 255


def pixels(image: Any, fault: str) -> Any:
    if fault == "channels are blue, green, red":
        return Flipped(name="pixels")(image)
    if fault == "the scaling is done twice":
        image = keras.layers.Rescaling(1 / 255, name="before")(image)
    scale = 1.0 if fault == "the scaling is missing" else 1 / 255
    return keras.layers.Rescaling(scale, name="pixels")(image)


def last(x: Any, num_classes: int, fault: str) -> Any:
    number = num_classes + 1 if fault == "an output too many" else num_classes
    about: dict[str, Any] = {"name": "logits", "dtype": "float32"}
    if fault == "the last layer has no name":
        del about["name"]
    if fault == "half precision comes out":
        del about["dtype"]
    if fault in ("softmax", "sigmoid"):
        about["activation"] = fault
    x = keras.layers.Dense(number, **about)(x)
    if fault == "softmax as a layer":
        return keras.layers.Softmax(dtype="float32", name="chances")(x)
    plain: dict[str, Any] = {"name": "added", "dtype": "float32"}
    if fault == "no number comes out":
        return Shifted(float("nan"), **plain)(x)
    if fault == "state that is no variable":
        return Shifted(float(np.random.default_rng().normal()), **plain)(x)
    if fault == "the process decides":
        return Shifted(float(os.getpid() % 997 + 1), **plain)(x)
    if fault == "the backend decides":
        return Shifted(float(keras.config.backend() == "jax"), **plain)(x)
    if fault == "the batch decides":
        return FromTheOthers(**plain)(x)
    return x


def build(params: Any, *, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    fault = params.fault
    if fault == "no model comes back":
        return "a model"  # type: ignore[return-value]
    image = keras.Input(input_shape, name="image")
    x = pixels(image, fault)
    if fault == "the image is scaled again inside":
        inside = keras.Input(tuple(x.shape)[1:], name="inside")
        scaled = keras.layers.Rescaling(1 / 255, name="again")(inside)
        x = keras.Model(inside, scaled, name="backbone")(x)
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu", name="stem_conv")(x)
    unnamed = fault == "no layer is called features"
    x = keras.layers.GlobalAveragePooling2D(name="pooled" if unnamed else "features")(x)
    return keras.Model(image, last(x, num_classes, fault))


def a_number(params: Any) -> int:
    """Name no file."""
    del params
    return 7


def a_path(params: Any) -> Path | None:
    """Start from nothing."""
    del params
    return None


RIGHT = ModelSpec(
    name="right",
    summary="One convolution",
    build=f"{__name__}:build",
    starts_from=f"{__name__}:a_path",
    params=FaultParams,
    pixel_range=(0.0, 1.0),
    stages=("stem",),
    explain_layer="stem_conv",
    learning_rate=1e-2,
    min_image_size=8,
)


SLOW = ("an output too many", "softmax as a layer", "sigmoid", "the scaling is missing")


def _network(fault: str, check: str) -> Wrong:
    how = {"params": {"fault": fault}}
    return Wrong(fault=fault, check=check, spec=RIGHT, how=how, slow=fault in SLOW)


def _described(fault: str, check: str, **changes: Any) -> Wrong:
    return Wrong(fault=fault, check=check, spec=replace(RIGHT, **changes))


WRONG = (
    _network("no model comes back", "builds_a_keras_model"),
    _network("an output too many", "logits_come_out"),
    _network("no number comes out", "logits_come_out"),
    _network("softmax", "logits_not_probabilities"),
    _network("softmax as a layer", "logits_not_probabilities"),
    _network("sigmoid", "logits_not_probabilities"),
    _network("no layer is called features", "layers_have_their_names"),
    _network("the last layer has no name", "variable_names_are_stable"),
    _network("the scaling is done twice", "pixels_in_declared_range"),
    _network("the image is scaled again inside", "pixels_in_declared_range"),
    _network("the scaling is missing", "pixels_in_declared_range"),
    _network("channels are blue, green, red", "channels_in_declared_order"),
    _network("the batch decides", "images_are_judged_alone"),
    _network("state that is no variable", "weights_are_the_whole_state"),
    _network("half precision comes out", "mixed_precision_gives_float32"),
    _network("the process decides", "saved_and_loaded_alike"),
    _network("the backend decides", "other_backends_agree"),
    _described("a stage of nothing", "stages_name_layers", stages=("stem", "leaf")),
    _described("no maps to explain", "explained_layer_gives_maps", explain_layer="features"),
    _described("it does not learn", "training_lowers_the_loss", learning_rate=0.0),
    _described("it starts from a number", "start_is_a_bundle", starts_from=f"{__name__}:a_number"),
)
