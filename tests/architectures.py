"""A network of the fewest layers, and specs of architectures that a test makes up."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from cellclf.network.backend import prepare_backend
from cellclf.specs import ModelSpec

prepare_backend()

import keras  # noqa: E402  after prepare_backend

numbers = itertools.count()


def small_network(params: Any, *, input_shape: Any, num_classes: int) -> keras.Model:
    """The least that keeps the contract."""
    image = keras.Input(input_shape, name="image")
    x = keras.layers.Rescaling(1 / 255, name="pixels")(image)
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu", name="stem_conv")(x)
    x = keras.layers.BatchNormalization(name="stem_norm")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    x = keras.layers.Dropout(0.1, name="head_dropout")(x)
    return keras.Model(image, keras.layers.Dense(num_classes, name="logits")(x), name="small")


@pytest.fixture
def build_small() -> Callable[..., keras.Model]:
    return small_network


@pytest.fixture
def architecture(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModelSpec]:
    """Make a spec whose `build` is a function of the test."""

    def make(build: Callable[..., Any] = small_network, **changes: Any) -> ModelSpec:
        module = ModuleType(f"architecture_of_a_test_{next(numbers)}")
        module.build = build  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        described: dict[str, Any] = {
            "name": "small",
            "summary": "for tests",
            "build": f"{module.__name__}:build",
            "pixel_range": (0.0, 1.0),
            "stages": ("stem",),
            "explain_layer": "stem_conv",
            "learning_rate": 1e-2,
            "min_image_size": 8,
        }
        return ModelSpec(**{**described, **changes})

    return make
