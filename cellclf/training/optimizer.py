"""The optimiser: AdamW, with averages of the weights whose span can follow the length of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

__all__ = ["AveragedAdamW"]

MATRIX_RANK = 2
"""Variables of fewer dimensions are biases, scales and offsets: decay would only bias them."""


class AveragedAdamW(keras.optimizers.AdamW):  # type: ignore[misc]
    """AdamW (Loshchilov and Hutter, 2019) that can keep exponential averages of the weights.

    There is no decay on biases and on the scales and offsets of normalisation. Keras takes the
    momentum of the averages as a constant; here it is a variable, because a fit that ends by the
    clock learns only on the way how many steps it has.

    Args:
        learning_rate: A rate, or a schedule.
        variables: What is trained.
        weight_decay: Decoupled decay.
        averaged: Whether averages are kept (Polyak and Juditsky, 1992; Izmailov et al., 2018).
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        variables: Sequence[keras.Variable],
        *,
        weight_decay: float,
        averaged: bool,
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, use_ema=averaged)
        self.exclude_from_weight_decay(
            var_list=[v for v in variables if len(v.shape) < MATRIX_RANK]
        )
        # Built here and not inside the first step, which would then be traced twice.
        self.build(variables)
        if averaged:
            self.ema_momentum = self.add_variable((), initializer="zeros", name="ema_momentum")

    def average_over(self, steps: float) -> None:
        """Let the averages reach back over about that many steps; without averages, do nothing."""
        if self.use_ema:
            self.ema_momentum.assign(1 - 1 / max(1.0, steps))

    def get_config(self) -> dict[str, Any]:
        """Return plain values, for those who describe the model that is being trained."""
        return {**super().get_config(), "ema_momentum": float(self.ema_momentum)}
