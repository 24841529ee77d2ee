from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from cellclf.network.normalization import BatchNormalization

SHAPES = [(8, 6, 5, 4), (3, 1, 1, 2), (8, 7)]


def pair(shape: tuple[int, ...], **arguments: Any) -> tuple[Any, Any, np.ndarray]:
    """Our layer and Keras', with the same odd variables, and an input."""
    rng = np.random.default_rng(0)
    layers = []
    for kind in (BatchNormalization, keras.layers.BatchNormalization):
        layer = kind(momentum=0.7, epsilon=1e-3, **arguments)
        layer.build(shape)
        layers.append(layer)
    values = [rng.uniform(0.5, 2, weight.shape) for weight in layers[0].weights]
    for layer in layers:
        layer.set_weights(values)
    return layers[0], layers[1], rng.normal(2, 3, shape).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [False, True])
def test_values_and_statistics_are_those_of_keras(shape: tuple[int, ...], training: bool) -> None:
    ours, theirs, inputs = pair(shape)
    for _ in range(2):
        got, wanted = ours(inputs, training=training), theirs(inputs, training=training)
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_a_step_of_training_ends_with_the_weights_of_keras() -> None:
    ours, theirs, inputs = pair(SHAPES[0])
    found = []
    for layer in (ours, theirs):
        keras.utils.set_random_seed(1)
        image = keras.Input(SHAPES[0][1:])
        x = keras.layers.Conv2D(4, 3)(image)
        x = keras.layers.GlobalAveragePooling2D()(layer(x) ** 2)
        model = keras.Model(image, keras.layers.Dense(1)(x))
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.train_on_batch(inputs, np.arange(len(inputs), dtype=np.float32)[:, None])
        found.append(model.get_weights())
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_a_layer_that_is_not_trainable_keeps_its_statistics() -> None:
    layer, _, inputs = pair(SHAPES[0])
    layer.trainable = False
    before = layer.get_weights()
    np.testing.assert_allclose(layer(inputs, training=True), layer(inputs, training=False))
    for one, other in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("arguments", [{"scale": False}, {"center": False}, {"axis": 1}])
def test_what_the_kernel_cannot_do_is_computed_by_keras(arguments: dict[str, Any]) -> None:
    ours, theirs, inputs = pair(SHAPES[0], **arguments)
    np.testing.assert_allclose(
        ours(inputs, training=True), theirs(inputs, training=True), rtol=1e-5, atol=1e-6
    )


def test_variables_have_the_paths_of_keras() -> None:
    layer = BatchNormalization(name="norm")
    layer.build((None, 4, 4, 2))
    assert [weight.path for weight in layer.weights] == [
        "norm/gamma",
        "norm/beta",
        "norm/moving_mean",
        "norm/moving_variance",
    ]
