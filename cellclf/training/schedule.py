"""How the learning rate moves over the steps of a fit."""

from __future__ import annotations

import keras

from cellclf.terms import Schedule

__all__ = ["learning_rate_schedule", "rate_at"]

WARM_UP_DIVISOR = 25.0
"""Peak rate over first rate of the one-cycle policy (Smith and Topin, 2018; fastai's default)."""


def learning_rate_schedule(
    kind: Schedule, *, peak: float, steps: int, warmup: float
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return the learning rate as a function of the step.

    `one_cycle` rises linearly from `peak / 25` to `peak` over the first `warmup * steps` steps
    and falls along half a cosine (Loshchilov and Hutter, 2017) to zero at step `steps`;
    `constant` stays at `peak`.

    Args:
        kind: Which of the two.
        peak: Highest rate.
        steps: Steps of the whole fit, an epoch's batches times the epochs.
        warmup: Share of `steps` that the rise takes, from 0 up to, not including, 1.

    Returns:
        A schedule that is called with the number of steps taken so far.
    """
    if kind == "constant":
        return keras.optimizers.schedules.PiecewiseConstantDecay(
            boundaries=[steps], values=[peak, peak]
        )
    rising = round(warmup * steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=peak / WARM_UP_DIVISOR if rising else peak,
        decay_steps=max(steps - rising, 1),
        warmup_target=peak if rising else None,
        warmup_steps=rising,
    )


def rate_at(schedule: keras.optimizers.schedules.LearningRateSchedule, step: int) -> float:
    """Return the rate that the step after `step` others uses.

    Example:
        >>> schedule = learning_rate_schedule("one_cycle", peak=0.5, steps=100, warmup=0.1)
        >>> [round(rate_at(schedule, step), 3) for step in (0, 10, 55, 100)]
        [0.02, 0.5, 0.25, 0.0]
    """
    return float(schedule(step))
