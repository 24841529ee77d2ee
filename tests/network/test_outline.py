"""What weights a network has, without making them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from cellclf.errors import ExperimentError
from cellclf.network.build import Variable, build
from cellclf.network.outline import outlined
from tests.tiny import TINY, TinyParams
from tests.tiny import build as tiny


def test_an_outline_names_every_weight_of_the_network_with_its_shape() -> None:
    params = TinyParams(filters=5)
    found = outlined(TINY, params, image_size=16, num_classes=3)
    model = build(TINY, params, image_size=16, num_classes=3)
    assert found == {variable.path: Variable.of(variable) for variable in model.weights}
    assert found["convolution/kernel"] == Variable(shape=(3, 3, 3, 5), floating=True)


def test_a_network_that_no_memory_could_hold_has_an_outline() -> None:
    found = outlined(TINY, TinyParams(filters=10**12), image_size=16, num_classes=3)
    assert found is not None
    assert found["convolution/kernel"].shape == (3, 3, 3, 10**12)


def test_an_outline_leaves_nothing_behind_that_waits_for_values() -> None:
    outlined(TINY, TinyParams(filters=10**12), image_size=16, num_classes=3)
    with keras.StatelessScope():  # leaving it gives a value to all that wait for one
        pass
    names = [keras.layers.ReLU().name for _ in range(2)]
    outlined(TINY, TinyParams(), image_size=16, num_classes=3)
    number = int(names[1].rpartition("_")[2])
    assert keras.layers.ReLU().name == f"re_lu_{number + 1}"


class Counting(keras.layers.Layer):
    """Has a variable whose value is there from the start."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.factor = keras.Variable(np.ones(3, np.float32), name="factor")

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


def counting(params: Any, *, input_shape: tuple[int, int, int], num_classes: int) -> keras.Model:
    inner = tiny(params, input_shape=input_shape, num_classes=num_classes)
    image = keras.Input(input_shape)
    x = Counting(name="counting")(image)
    for layer in inner.layers[1:]:
        x = layer(x)
    return keras.Model(image, x)


def test_a_network_that_computes_while_it_is_built_has_none() -> None:
    spec = replace(TINY, build=f"{__name__}:counting")
    assert outlined(spec, TinyParams(), image_size=16, num_classes=3) is None


def test_images_that_are_too_small_are_refused_as_when_it_is_built() -> None:
    with pytest.raises(ExperimentError, match="at least 8"):
        outlined(TINY, TinyParams(), image_size=4, num_classes=3)
