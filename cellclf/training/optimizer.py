"""The optimiser: AdamW on all weights at once, with averages that can follow a fit's length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

__all__ = ["AveragedAdamW"]

MATRIX_RANK = 2
"""Variables of fewer dimensions are biases, scales and offsets: decay would only bias them."""


class AveragedAdamW(keras.optimizers.Optimizer):  # type: ignore[misc]
    """AdamW (Loshchilov and Hutter, 2019) that can keep exponential averages of the weights.

    It computes what `keras.optimizers.AdamW` with `use_ema` does, in two ways differently:

    - All weights are updated as one array and not variable by variable. EfficientNetB4 has 418
      variables, each with an update of many operations that a backend compiles before the first
      step.
    - The momentum of the averages is a variable, because a fit that ends by the clock learns only
      on the way how many steps it has.

    There is no decay on biases and on the scales and offsets of normalisation.

    Args:
        learning_rate: A rate, or a schedule.
        variables: What is trained.
        weight_decay: Decoupled decay.
        averaged: Whether averages are kept (Polyak and Juditsky, 1992; Izmailov et al., 2018).
        beta_1: Decay of the mean of the gradients.
        beta_2: Decay of the mean of their squares.
        epsilon: Added to the root of the latter.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        variables: Sequence[keras.Variable],
        *,
        weight_decay: float,
        averaged: bool,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, use_ema=averaged)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self._averaged = averaged
        # Built here and not inside the first step, which would then be traced twice.
        self.build(list(variables))

    def build(self, variables: list[keras.Variable]) -> None:
        """Make the state: flat arrays over all variables, those that decay first."""
        if self.built:
            return
        self.use_ema = False  # the averages of Keras are not flat
        super().build(variables)
        self.use_ema = self._averaged
        self._order = sorted(
            range(len(variables)), key=lambda n: len(variables[n].shape) < MATRIX_RANK
        )
        self._shapes = [tuple(variables[n].shape) for n in self._order]
        sizes = [math.prod(shape) for shape in self._shapes]
        self._splits = [sum(sizes[:n]) for n in range(1, len(sizes))]
        self._decaying = sum(
            size
            for size, shape in zip(sizes, self._shapes, strict=True)
            if len(shape) >= MATRIX_RANK
        )
        total = (sum(sizes),)
        self._mean = self.add_variable(total, name="momentum")
        self._square = self.add_variable(total, name="velocity")
        if self.use_ema:
            self._average = self.add_variable(total, name="average")
            self.ema_momentum = self.add_variable((), name="ema_momentum")

    def average_over(self, steps: float) -> None:
        """Let the averages reach back over about that many steps; without averages, do nothing."""
        if self.use_ema:
            self.ema_momentum.assign(1 - 1 / max(1.0, steps))

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[keras.Variable] | None = None
    ) -> None:
        """Update the variables that the optimiser was built with; one without gradient has zeros.

        Args:
            grads: A gradient or `None` for each, in their order.
            trainable_variables: They themselves, as Keras hands them over.

        Raises:
            ValueError: They are not as many as the optimiser was built with.
        """
        variables = self._trainable_variables
        if len(grads) != len(variables) or len(trainable_variables or variables) != len(variables):
            raise ValueError(
                f"`grads` must have one entry for each of {len(variables)} variables. "
                f"Received: {len(grads)}"
            )
        with keras.name_scope(self.name, caller=self):
            scale = self.loss_scale_factor
            gradient = self._flat(
                [
                    ops.zeros(variable.shape) if grad is None else grad
                    for grad, variable in zip(grads, variables, strict=True)
                ]
            )
            if scale is not None:
                gradient = gradient / scale
            weights = self._stepped(gradient, self._flat(variables))
            for number, part in zip(self._order, self._parts(weights), strict=True):
                variable = variables[number]
                constraint = variable.constraint
                variable.assign(part if constraint is None else constraint(part))
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Sequence[keras.Variable]) -> None:
        """Give the variables their averages, if there are any."""
        if self.use_ema:
            for number, part in zip(self._order, self._parts(self._average), strict=True):
                var_list[number].assign(part)

    def get_config(self) -> dict[str, Any]:
        """Return plain values, for those who describe the model that is being trained."""
        return {**super().get_config(), "ema_momentum": float(self.ema_momentum)}

    def _stepped(self, gradient: Any, weights: Any) -> Any:
        """Weights after a step; the notation of the paper: m is `mean`, v is `square`."""
        rate = ops.cast(self._get_current_learning_rate(), weights.dtype)
        step = ops.cast(self._iterations + 1, weights.dtype)
        mean = self.beta_1 * self._mean + (1 - self.beta_1) * gradient
        square = self.beta_2 * self._square + (1 - self.beta_2) * ops.square(gradient)
        self._mean.assign(mean)
        self._square.assign(square)
        unbiased = ops.sqrt(1 - ops.power(self.beta_2, step)) / (1 - ops.power(self.beta_1, step))
        if self.weight_decay:
            decayed = weights[: self._decaying] * (1 - rate * self.weight_decay)
            weights = ops.concatenate([decayed, weights[self._decaying :]])
        weights = weights - rate * unbiased * mean / (ops.sqrt(square) + self.epsilon)
        if self.use_ema:
            # The first average is the weights themselves.
            kept = self.ema_momentum * ops.cast(self._iterations > 0, weights.dtype)
            self._average.assign(kept * self._average + (1 - kept) * weights)
        return weights

    def _flat(self, arrays: Sequence[Any]) -> Any:
        return ops.concatenate(
            [ops.reshape(ops.cast(arrays[n], "float32"), (-1,)) for n in self._order]
        )

    def _parts(self, flat: Any) -> list[Any]:
        parts = ops.split(flat, self._splits) if self._splits else [flat]
        return [ops.reshape(part, shape) for part, shape in zip(parts, self._shapes, strict=True)]
