"""Checks of the network that an architecture builds: its ends, its layers, its variables."""

from __future__ import annotations

import os

import keras
import numpy as np

from cellclf.network import build as building
from cellclf.specs import ModelSpec
from cellclf.testing.check import InapplicableError
from cellclf.testing.models.network import Network, again, logits
from cellclf.testing.require import require
from cellclf.testing.trial import Trial

__all__ = [
    "builds_a_keras_model",
    "explained_layer_gives_maps",
    "layers_have_their_names",
    "logits_come_out",
    "logits_not_probabilities",
    "stages_name_layers",
    "start_is_a_bundle",
    "variable_names_are_stable",
]


def builds_a_keras_model(trial: Trial) -> str:
    """There is a network."""
    model = trial.of(Network).model
    return f"{model.count_params():,} parameters in {len(model.layers)} layers"


def logits_come_out(trial: Trial) -> None:
    """Images in, numbers out, one for each class."""
    network = trial.of(Network)
    building.check_ends(
        network.spec, network.model, image_size=network.size, num_classes=network.classes
    )
    found = trial.of(logits)
    expected = (len(network.images), network.classes)
    require(
        found.shape == expected,
        f"{trial.subject} must give logits of shape {expected}. Received: {found.shape}",
    )
    require(
        found.dtype == np.float32,
        f"{trial.subject} must give float32 logits. Received: {found.dtype}",
    )
    require(bool(np.isfinite(found).all()), f"{trial.subject} must give finite logits")


def logits_not_probabilities(trial: Trial) -> None:
    """Rows that sum to one are probabilities, whatever made them."""
    building.check_no_softmax(trial.of(Network).spec, trial.of(Network).model)
    found = trial.of(logits)
    single = found.min() >= 0 and found.max() <= 1 and _ends_in(trial.of(Network).model, "sigmoid")
    require(
        not np.allclose(found.sum(axis=1), 1, atol=1e-3) and not single,
        f"{trial.subject} must give logits, not probabilities: leave the last activation out",
    )


def _ends_in(model: keras.Model, activation: str) -> bool:
    return getattr(model.layers[-1], "activation", None) is keras.activations.get(activation)


def layers_have_their_names(trial: Trial) -> None:
    """The layers that the core asks for by name are there."""
    building.check_layers(trial.of(Network).spec, trial.of(Network).model)


def stages_name_layers(trial: Trial) -> None:
    """Every stage unfreezes something."""
    building.check_stages(trial.of(Network).spec, trial.of(Network).model)


def variable_names_are_stable(trial: Trial) -> None:
    """A second network has variables of the same names and shapes."""
    building.check_repeated(trial.of(Network).spec, trial.of(Network).model, trial.of(again))
    first, second = (
        {variable.path: tuple(variable.shape) for variable in model.weights}
        for model in (trial.of(Network).model, trial.of(again))
    )
    require(
        first == second,
        f"building {trial.subject} twice must give the same variable names and shapes. "
        f"Received: different ones for {sorted(set(first.items()) ^ set(second.items()))[:3]}",
    )


def explained_layer_gives_maps(trial: Trial) -> None:
    """Grad-CAM has something to draw over."""
    network = trial.of(Network)
    shape = tuple(network.model.get_layer(network.spec.explain_layer).output.shape)
    require(
        len(shape) == 4,
        f"layer {network.spec.explain_layer!r} of {trial.subject}, its `explain_layer`, must give "
        f"(batch, height, width, channels). Received: {shape}",
    )


def start_is_a_bundle(trial: Trial) -> None:
    """What the core is told of an earlier bundle, it must be able to open."""
    assert isinstance(trial.spec, ModelSpec)
    if trial.spec.starts_from is None:
        raise InapplicableError(f"{trial.subject} names no earlier bundle")
    place = trial.function("starts_from")(trial.params)
    require(
        place is None or isinstance(place, str | os.PathLike),
        f"`starts_from` of {trial.subject} must give the path of a bundle, or None. "
        f"Received: {place!r}",
    )
