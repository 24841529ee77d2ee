"""Checks of what an architecture promises, in this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.network import build as building
from cellclf.network.backend import current
from cellclf.network.build import PIXELS, set_weights, weights_of
from cellclf.specs import ModelSpec
from cellclf.testing.check import InapplicableError
from cellclf.testing.require import require
from cellclf.testing.trial import Trial

__all__ = [
    "builds_a_keras_model",
    "channels_in_declared_order",
    "explained_layer_gives_maps",
    "images_are_judged_alone",
    "layers_have_their_names",
    "logits_come_out",
    "logits_not_probabilities",
    "mixed_precision_gives_float32",
    "pixels_in_declared_range",
    "stages_name_layers",
    "start_is_a_bundle",
    "training_lowers_the_loss",
    "variable_names_are_stable",
    "weights_are_the_whole_state",
]

SEED = 7
STEPS = 8
"""Training steps within which the loss on one batch has to fall: the first may overshoot."""

RANGE_TOLERANCE = 0.01
"""Largest error of the declared pixel range, as a share of its width."""

SCALING = (keras.layers.Rescaling, keras.layers.Normalization)

MIXED = "mixed_bfloat16"


class Network:
    """The architecture built with random weights, and images to show it.

    Args:
        trial: The architecture.
    """

    def __init__(self, trial: Trial) -> None:
        assert isinstance(trial.spec, ModelSpec)
        self.spec = trial.spec
        self.params = trial.params
        self.size = max(trial.image_size, trial.spec.min_image_size)
        self.classes = trial.num_classes
        self.images = _coloured(self.classes, self.size)
        keras.utils.set_random_seed(SEED)
        self.model = self.built()

    def built(self) -> keras.Model:
        """Build another one."""
        return building.called(
            self.spec, self.params, image_size=self.size, num_classes=self.classes
        )


def logits(trial: Trial) -> NDArray[Any]:
    """What the network says of its images, computed once."""
    network = trial.of(Network)
    return given(network.model.outputs[0], network.model, network.images)


def again(trial: Trial) -> keras.Model:
    """The architecture built a second time."""
    return trial.of(Network).built()


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


def _probed(trial: Trial) -> NDArray[Any]:
    """What the layer `pixels` makes of a black, a white and a red image."""
    network = trial.of(Network)
    probes = np.zeros((3, network.size, network.size, 3), np.uint8)
    probes[1] = 255
    probes[2, ..., 0] = 255
    return given(network.model.get_layer(PIXELS).output, network.model, probes)


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


def images_are_judged_alone(trial: Trial) -> None:
    """The first image by itself is judged as among others."""
    network = trial.of(Network)
    alone = given(network.model.outputs[0], network.model, network.images[:1])
    require(
        np.allclose(alone, trial.of(logits)[:1], rtol=1e-3, atol=1e-4),
        f"what {trial.subject} says of an image must not depend on the others in its batch",
    )


def weights_are_the_whole_state(trial: Trial) -> None:
    """One network can take the other's place."""
    network, other = trial.of(Network), trial.of(again)
    set_weights(other, weights_of(network.model))
    require(
        np.allclose(
            given(other.outputs[0], other, network.images), trial.of(logits), rtol=1e-4, atol=1e-5
        ),
        f"{trial.subject} with the weights of another must give the same logits: is there state "
        "that is no variable?",
    )


def training_lowers_the_loss(trial: Trial) -> str:
    """A few steps on one batch of plain colours must lower the loss."""
    network = trial.of(Network)
    model = network.built()
    model.compile(
        keras.optimizers.Adam(network.spec.learning_rate),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        run_eagerly=True,
    )
    rows = np.arange(len(network.images)) % network.classes
    targets = np.eye(network.classes, dtype=np.float32)[rows]
    weights = {id(variable) for variable in model.weights}
    seeds = [variable for variable in model.variables if id(variable) not in weights]
    start = [variable.numpy() for variable in seeds]
    losses: list[float] = []
    for _ in range(STEPS):
        # With the same units dropped in each step, a lower loss comes from the training alone.
        for variable, value in zip(seeds, start, strict=True):
            variable.assign(value)
        model.reset_metrics()
        losses.append(float(np.ravel(model.train_on_batch(network.images, targets))[0]))
        if losses[-1] < losses[0]:
            steps = len(losses) - 1
            within = f"{steps} steps" if steps > 1 else "1 step"
            return f"from {losses[0]:.3f} to {losses[-1]:.3f} in {within}"
    raise AssertionError(
        f"training {trial.subject} on one batch with its "
        f"learning_rate={network.spec.learning_rate} must lower the loss. "
        f"Received: {[round(loss, 4) for loss in losses]}"
    )


def mixed_precision_gives_float32(trial: Trial) -> None:
    """Half the memory inside must not cost the digits of what comes out."""
    network = trial.of(Network)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(MIXED)
    try:
        model = network.built()
    finally:
        keras.config.set_dtype_policy(before)
    kind = str(model.outputs[0].dtype)
    require(
        kind == "float32",
        f"{trial.subject} must give float32 logits in mixed precision too: give its last layer "
        f'`dtype="float32"`. Received: {kind}',
    )
    found = given(model.outputs[0], model, network.images)
    require(
        bool(np.isfinite(found).all()),
        f"{trial.subject} must give finite logits in mixed precision too",
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


def given(output: keras.KerasTensor, model: keras.Model, images: NDArray[np.uint8]) -> NDArray[Any]:
    """What `output` of `model` is for `images`, in inference mode."""
    network = keras.Model(model.inputs[0], output)
    # Compiling a deep network takes minutes, looking at a few images without it seconds; but JAX
    # compiles every operation by itself where it does not compile the network.
    network.run_eagerly = current() != "jax"
    found: NDArray[Any] = network.predict_on_batch(images)
    return found


def _ends_in(model: keras.Model, activation: str) -> bool:
    return getattr(model.layers[-1], "activation", None) is keras.activations.get(activation)


def _coloured(num_classes: int, image_size: int) -> NDArray[np.uint8]:
    """Two noisy images a class, each class another colour."""
    rng = np.random.default_rng(SEED)
    colours = rng.integers(40, 216, (num_classes, 1, 1, 3))
    noise = rng.integers(-40, 40, (2 * num_classes, image_size, image_size, 3))
    return (np.tile(colours, (2, 1, 1, 1)) + noise).astype(np.uint8)
