"""Checks of how the network of an architecture answers and learns, in this process."""

from __future__ import annotations

import keras
import numpy as np

from cellclf.network.build import set_weights, weights_of
from cellclf.testing.models.network import Network, again, given, logits
from cellclf.testing.require import require
from cellclf.testing.trial import Trial

__all__ = [
    "images_are_judged_alone",
    "mixed_precision_gives_float32",
    "training_lowers_the_loss",
    "weights_are_the_whole_state",
]

STEPS = 8
"""Training steps within which the loss on one batch has to fall: the first may overshoot."""

MIXED = "mixed_bfloat16"


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
