"""Checks of what an architecture makes of the pixels of an image before it looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.network.build import PIXELS
from cellclf.testing.models.network import Network, given
from cellclf.testing.require import require
from cellclf.testing.trial import Trial

__all__ = ["channels_in_declared_order", "pixels_in_declared_range"]

RANGE_TOLERANCE = 0.01
"""Largest error of the declared pixel range, as a share of its width."""

SCALING = (keras.layers.Rescaling, keras.layers.Normalization)


def pixels_in_declared_range(trial: Trial) -> None:
    """Black and white images show what the preprocessing really does."""
    black, white, _ = trial.of(_probed)
    low, high = trial.of(Network).spec.pixel_range
    found = (float(min(black.min(), white.min())), float(max(black.max(), white.max())))
    require(
        np.allclose(found, (low, high), rtol=0, atol=RANGE_TOLERANCE * (high - low)),
        f"layer 'pixels' of {trial.subject} must give {low} to {high}, its `pixel_range`, for "
        f"0-255 input. Received: {found[0]:.4g} to {found[1]:.4g}. Is a scaling missing, or done "
        "twice?",
    )
    again = [layer.name for layer in _scaling_after_pixels(trial.of(Network).model)]
    require(
        not again,
        f"{trial.subject} must do all its preprocessing up to the layer 'pixels'. Received: the "
        f"image is scaled once more after it, by {', '.join(map(repr, again))}. Leave that out: "
        "networks of keras.applications may bring it (`include_preprocessing=False`)",
    )


def channels_in_declared_order(trial: Trial) -> None:
    """A red image shows which channel is red."""
    black, _, red = trial.of(_probed)
    lit = int(np.argmax(np.abs(red - black).mean(axis=(0, 1))))
    order = trial.of(Network).spec.channel_order
    expected = order.index("r")
    require(
        lit == expected,
        f"layer 'pixels' of {trial.subject} must give red as channel {expected}, because its "
        f"`channel_order` is {order!r}. Received: red in channel {lit}",
    )


def _probed(trial: Trial) -> NDArray[Any]:
    """What the layer `pixels` makes of a black, a white and a red image."""
    network = trial.of(Network)
    probes = np.zeros((3, network.size, network.size, 3), np.uint8)
    probes[1] = 255
    probes[2, ..., 0] = 255
    return given(network.model.get_layer(PIXELS).output, network.model, probes)


def _scaling_after_pixels(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers that scale what has still the three channels of an image, behind `pixels`."""
    before = keras.Model(model.inputs, model.get_layer(PIXELS).output).layers
    known = {id(layer) for layer in before}
    for layer in _layers_within(model):
        if id(layer) in known or not isinstance(layer, SCALING):
            continue
        if any(tuple(tensor.shape)[3:] == (3,) for tensor in keras.tree.flatten(layer.input)):
            yield layer


def _layers_within(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers of a network, and of those that are networks themselves."""
    for layer in model.layers:
        yield from _layers_within(layer) if isinstance(layer, keras.Model) else (layer,)
