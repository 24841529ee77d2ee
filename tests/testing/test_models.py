from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import pytest
from pydantic import BaseModel

from cellclf.errors import PluginError
from cellclf.specs import ModelSpec
from cellclf.testing.models import check_model

Architecture = Callable[..., ModelSpec]


class Loose(BaseModel):
    """Parameters that swallow what they do not know."""


@keras.saving.register_keras_serializable(package="cellclf_tests")
class Flipped(keras.layers.Layer):
    """Channels in reverse, 0 to 1."""

    def call(self, images: Any) -> Any:
        return keras.ops.take(images, [2, 1, 0], axis=-1) / 255


def network(scaling: Callable[[], keras.layers.Layer]) -> Callable[..., keras.Model]:
    def make(params: Any, *, input_shape: Any, num_classes: int) -> keras.Model:
        image = keras.Input(input_shape, name="image")
        x = scaling()(image)
        x = keras.layers.Conv2D(4, 3, activation="relu", name="stem_conv")(x)
        x = keras.layers.GlobalAveragePooling2D(name="features")(x)
        return keras.Model(image, keras.layers.Dense(num_classes, name="logits")(x))

    return make


def test_a_network_that_keeps_the_contract_passes(architecture: Architecture) -> None:
    check_model(architecture())


def test_a_missing_scaling_is_found(architecture: Architecture) -> None:
    def unscaled() -> keras.layers.Layer:
        return keras.layers.Rescaling(1.0, name="pixels")

    with pytest.raises(AssertionError, match=r"must give 0.0 to 1.0.*Received: 0 to 255"):
        check_model(architecture(network(unscaled)))


def test_channels_in_another_order_than_declared_are_found(architecture: Architecture) -> None:
    def flipped() -> keras.layers.Layer:
        return Flipped(name="pixels")

    check_model(architecture(network(flipped), channel_order="bgr"))
    with pytest.raises(AssertionError, match=r"must give red as channel 0.*red in channel 2"):
        check_model(architecture(network(flipped)))


def test_params_that_swallow_unknown_names_are_found(architecture: Architecture) -> None:
    with pytest.raises(AssertionError, match="must refuse unknown names"):
        check_model(architecture(params=Loose))


def test_a_network_that_does_not_learn_is_found(architecture: Architecture) -> None:
    with pytest.raises(AssertionError, match="must lower the loss"):
        check_model(architecture(learning_rate=0.0))


def test_a_breach_that_build_itself_refuses_is_passed_on(architecture: Architecture) -> None:
    with pytest.raises(PluginError, match="must hold a layer named 'nowhere'"):
        check_model(architecture(explain_layer="nowhere"))


def test_a_layer_to_explain_that_gives_no_maps_is_found(architecture: Architecture) -> None:
    with pytest.raises(AssertionError, match=r"must give \(batch, height, width, channels\)"):
        check_model(architecture(explain_layer="features"))


def nowhere(params: Any) -> None:
    """Start from nothing."""
    del params


def a_number(params: Any) -> int:
    """Name no file."""
    del params
    return 7


def test_what_training_starts_from_must_be_a_file(architecture: Architecture) -> None:
    check_model(architecture(starts_from=f"{__name__}:nowhere"))
    with pytest.raises(AssertionError, match=r"path of a bundle, or None. Received: 7"):
        check_model(architecture(starts_from=f"{__name__}:a_number"))
