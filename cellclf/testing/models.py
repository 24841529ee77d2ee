"""One call that tells the author of an architecture whether it keeps `ModelSpec`'s contract."""

from __future__ import annotations

import os
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from cellclf.network.build import PIXELS, build, set_weights, weights_of
from cellclf.specs import ModelSpec, Params, resolve
from cellclf.testing.require import require

__all__ = ["check_model"]

SEED = 7
STEPS = 8
"""Training steps within which the loss on one batch has to fall: the first may overshoot."""

RANGE_TOLERANCE = 0.01
"""Largest error of the declared pixel range, as a share of its width."""


def check_model(
    spec: ModelSpec, params: Params | None = None, *, image_size: int = 32, num_classes: int = 3
) -> None:
    """Build an architecture and try everything that the SDK will ask of it.

    Sets the global seeds and takes a few small training steps; no weights are fetched.

    Args:
        spec: The architecture.
        params: Its parameters; the defaults where left out.
        image_size: Height and width of the images to try it with, in pixels.
        num_classes: How many classes to try it with.

    Raises:
        AssertionError: Something is not as `ModelSpec` wants it; the text says what.
        PluginError: `build` fails, or what it returns breaks the contract outright.
    """
    require(
        _refuses_unknown_names(spec),
        f"the params of model {spec.name!r} must refuse unknown names: subclass cellclf.Params",
    )
    chosen = spec.params() if params is None else params
    _check_start(spec, chosen)
    keras.utils.set_random_seed(SEED)
    model = build(spec, chosen, image_size=image_size, num_classes=num_classes)
    images = _coloured(num_classes, image_size)
    _check_outputs(spec, model, images, num_classes)
    _check_pixels(spec, model, image_size)
    _check_explained(spec, model)
    again = build(spec, chosen, image_size=image_size, num_classes=num_classes)
    _check_weights(spec, model, again, images)
    _check_training(spec, again, images, num_classes)


def _refuses_unknown_names(spec: ModelSpec) -> bool:
    try:
        spec.params.model_validate({"no_such_parameter_": 0})
    except ValidationError:
        return True
    return False


def _check_start(spec: ModelSpec, params: Params) -> None:
    """What the core is told of an earlier bundle, it must be able to open."""
    if spec.starts_from is None:
        return
    place = resolve(spec.starts_from)(params)
    require(
        place is None or isinstance(place, str | os.PathLike),
        f"`starts_from` of model {spec.name!r} must give the path of a bundle, or None. "
        f"Received: {place!r}",
    )


def _check_outputs(
    spec: ModelSpec, model: keras.Model, images: NDArray[np.uint8], num_classes: int
) -> None:
    logits = _logits(model, images)
    require(
        logits.shape == (len(images), num_classes),
        f"model {spec.name!r} must give logits of shape {(len(images), num_classes)}. "
        f"Received: {logits.shape}",
    )
    require(
        logits.dtype == np.float32,
        f"model {spec.name!r} must give float32 logits. Received: {logits.dtype}",
    )
    require(bool(np.isfinite(logits).all()), f"model {spec.name!r} must give finite logits")
    require(
        not np.allclose(logits.sum(axis=1), 1, atol=1e-3),
        f"model {spec.name!r} must give logits, not probabilities that sum to one",
    )
    alone = _logits(model, images[:1])
    require(
        np.allclose(alone, logits[:1], rtol=1e-3, atol=1e-4),
        f"what model {spec.name!r} says of an image must not depend on the others in its batch",
    )


def _check_pixels(spec: ModelSpec, model: keras.Model, image_size: int) -> None:
    """Black, white and red images show what the preprocessing really does."""
    probes = np.zeros((3, image_size, image_size, 3), np.uint8)
    probes[1] = 255
    probes[2, ..., 0] = 255
    black, white, red = _given(model.get_layer(PIXELS).output, model, probes)
    low, high = spec.pixel_range
    found = (float(min(black.min(), white.min())), float(max(black.max(), white.max())))
    require(
        np.allclose(found, (low, high), rtol=0, atol=RANGE_TOLERANCE * (high - low)),
        f"layer 'pixels' of model {spec.name!r} must give {low} to {high}, its `pixel_range`, for "
        f"0-255 input. Received: {found[0]:.4g} to {found[1]:.4g}. Is a scaling missing, or done "
        "twice?",
    )
    lit = int(np.argmax(np.abs(red - black).mean(axis=(0, 1))))
    expected = spec.channel_order.index("r")
    require(
        lit == expected,
        f"layer 'pixels' of model {spec.name!r} must give red as channel {expected}, because its "
        f"`channel_order` is {spec.channel_order!r}. Received: red in channel {lit}",
    )


def _check_explained(spec: ModelSpec, model: keras.Model) -> None:
    shape = tuple(model.get_layer(spec.explain_layer).output.shape)
    require(
        len(shape) == 4,
        f"layer {spec.explain_layer!r} of model {spec.name!r}, its `explain_layer`, must give "
        f"(batch, height, width, channels). Received: {shape}",
    )


def _check_weights(
    spec: ModelSpec, model: keras.Model, again: keras.Model, images: NDArray[np.uint8]
) -> None:
    """Two networks of one kind have the same variables, and one can take the other's place."""
    weights = weights_of(model)
    first = {path: array.shape for path, array in weights.items()}
    second = {path: array.shape for path, array in weights_of(again).items()}
    require(
        first == second,
        f"building model {spec.name!r} twice must give the same variable names and shapes. "
        f"Received: {sorted(set(first.items()) ^ set(second.items()))[:4]}",
    )
    set_weights(again, weights)
    require(
        np.allclose(_logits(again, images), _logits(model, images), rtol=1e-4, atol=1e-5),
        f"model {spec.name!r} with the weights of another must give the same logits: is there "
        "state that is no variable?",
    )


def _check_training(
    spec: ModelSpec, model: keras.Model, images: NDArray[np.uint8], num_classes: int
) -> None:
    """A few steps on one batch of plain colours must lower the loss."""
    model.compile(
        keras.optimizers.Adam(spec.learning_rate),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        run_eagerly=True,
    )
    targets = np.eye(num_classes, dtype=np.float32)[np.arange(len(images)) % num_classes]
    weights = {id(variable) for variable in model.weights}
    seeds = [variable for variable in model.variables if id(variable) not in weights]
    start = [variable.numpy() for variable in seeds]
    losses: list[float] = []
    for _ in range(STEPS):
        # With the same units dropped in each step, a lower loss comes from the training alone.
        for variable, value in zip(seeds, start, strict=True):
            variable.assign(value)
        model.reset_metrics()
        losses.append(float(np.ravel(model.train_on_batch(images, targets))[0]))
        if losses[-1] < losses[0]:
            return
    raise AssertionError(
        f"training model {spec.name!r} on one batch with its learning_rate={spec.learning_rate} "
        f"must lower the loss. Received: {[round(loss, 4) for loss in losses]}"
    )


def _coloured(num_classes: int, image_size: int) -> NDArray[np.uint8]:
    """Two noisy images a class, each class another colour."""
    rng = np.random.default_rng(SEED)
    colours = rng.integers(40, 216, (num_classes, 1, 1, 3))
    noise = rng.integers(-40, 40, (2 * num_classes, image_size, image_size, 3))
    return (np.tile(colours, (2, 1, 1, 1)) + noise).astype(np.uint8)


def _logits(model: keras.Model, images: NDArray[np.uint8]) -> NDArray[Any]:
    logits: NDArray[Any] = _given(model.outputs[0], model, images)
    return logits


def _given(output: keras.KerasTensor, model: keras.Model, images: NDArray[np.uint8]) -> Any:
    """What `output` of `model` is for `images`, in inference mode."""
    network = keras.Model(model.inputs[0], output)
    # Compiling a deep network takes minutes, looking at a few images without it seconds.
    network.run_eagerly = True
    return network.predict_on_batch(images)
