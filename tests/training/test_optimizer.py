from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from cellclf.training.checkpoint import values_of
from cellclf.training.optimizer import AveragedAdamW

SHAPES = [(3, 4), (4,), (2, 3, 4), (), (4, 2)]
"""Kernels, a bias, and a single number; those without decay are not the last."""


def variables() -> list[keras.Variable]:
    rng = np.random.default_rng(0)
    return [keras.Variable(rng.normal(size=shape).astype(np.float32)) for shape in SHAPES]


def gradients(step: int) -> list[Any]:
    rng = np.random.default_rng(step + 1)
    return [keras.ops.convert_to_tensor(rng.normal(size=s).astype(np.float32)) for s in SHAPES]


def trained(optimizer: keras.optimizers.Optimizer, weights: list[keras.Variable]) -> None:
    for step in range(7):
        optimizer.apply(gradients(step), weights)


@pytest.mark.parametrize("averaged", [False, True])
def test_it_computes_what_keras_computes_variable_by_variable(averaged: bool) -> None:
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 20)
    mine, theirs = variables(), variables()
    ours = AveragedAdamW(schedule, mine, weight_decay=0.3, averaged=averaged)
    ours.average_over(10)
    keras_own = keras.optimizers.AdamW(
        schedule, weight_decay=0.3, use_ema=averaged, ema_momentum=0.9
    )
    keras_own.exclude_from_weight_decay(var_list=[v for v in theirs if len(v.shape) < 2])
    trained(ours, mine)
    trained(keras_own, theirs)
    for optimizer, weights in ((ours, mine), (keras_own, theirs)):
        optimizer.finalize_variable_values(weights)
    for one, other in zip(values_of(mine), values_of(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert values_of([ours.iterations]) == [7]


def test_a_variable_without_gradient_keeps_its_value() -> None:
    weights = variables()
    (before,) = values_of(weights[:1])
    optimizer = AveragedAdamW(0.1, weights, weight_decay=0.0, averaged=False)
    optimizer.apply([None, *gradients(0)[1:]], weights)
    np.testing.assert_array_equal(values_of(weights[:1])[0], before)


def test_fewer_gradients_than_variables_are_refused() -> None:
    weights = variables()
    optimizer = AveragedAdamW(0.1, weights, weight_decay=0.0, averaged=False)
    with pytest.raises(ValueError, match="one entry for each of 5 variables"):
        optimizer.apply(gradients(0)[1:])


def test_a_constraint_holds_after_a_step() -> None:
    weight = keras.Variable(np.ones((2, 2), np.float32))
    weight.constraint = keras.constraints.NonNeg()
    optimizer = AveragedAdamW(5.0, [weight], weight_decay=0.0, averaged=False)
    optimizer.apply([keras.ops.ones((2, 2))], [weight])
    np.testing.assert_array_equal(values_of([weight])[0], np.zeros((2, 2)))
