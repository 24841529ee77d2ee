"""A network that is built and trained in a second, for tests of what surrounds networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
from keras import layers
from pydantic import Field

from cellclf.specs import ModelSpec, Params

__all__ = [
    "STARTING",
    "TINY",
    "StartingParams",
    "TinyParams",
    "broken_metric",
    "build",
    "keep",
    "starts_from",
]


class TinyParams(Params):
    """Parameters of `tiny_net`."""

    filters: int = Field(4, ge=1, description="Filters of its one convolution.")
    dropout: float = Field(0.1, ge=0, lt=1, description="Share of features dropped in training.")


def build(
    params: TinyParams, *, input_shape: tuple[int, int, int], num_classes: int
) -> keras.Model:
    """One convolution with all that makes training hard to repeat: normalisation and dropout."""
    image = keras.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 255, name="pixels")(image)
    x = layers.Conv2D(params.filters, 3, strides=2, name="convolution")(x)
    x = layers.BatchNormalization(momentum=0.5, name="normalisation")(x)
    x = layers.ReLU(name="activation")(x)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    x = layers.Dropout(params.dropout, name="dropout")(x)
    return keras.Model(image, layers.Dense(num_classes, dtype="float32", name="logits")(x))


def broken_metric(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> float:
    """A metric with a fault in it."""
    del y_true, y_prob, classes, sample_weight
    return 1 / 0


TINY = ModelSpec(
    name="tiny_net",
    summary="One convolution, for tests",
    build="tests.tiny:build",
    params=TinyParams,
    pixel_range=(0.0, 1.0),
    explain_layer="activation",
    learning_rate=0.01,
    min_image_size=8,
)


class StartingParams(TinyParams):
    """Parameters of `starting_net`."""

    weights: str = Field("none", description="A bundle that it says it starts from.")


def starts_from(params: StartingParams) -> Path | None:
    """The bundle that the parameters name."""
    return None if params.weights == "none" else Path(params.weights)


def keep(model: keras.Model, params: StartingParams) -> None:
    """Leave the weights as they are: what matters in tests is where they are said to come from."""
    del model, params


STARTING = replace(
    TINY,
    name="starting_net",
    params=StartingParams,
    pretrained="tests.tiny:keep",
    starts_from="tests.tiny:starts_from",
)
