"""How the learning rate moves over a fit, by steps or by the clock."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from cellclf.terms import Schedule

__all__ = ["SHARES", "Clock", "learning_rate_schedule", "rate_at"]

WARM_UP_DIVISOR = 25.0
"""Peak rate over first rate of the one-cycle policy (Smith and Topin, 2018; fastai's default)."""

SHARES = 10_000
"""Into how many parts the clock divides its time, to look up a schedule that is made for steps."""


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


@dataclass(kw_only=True)
class Clock:
    """Where a fit stands that is given seconds instead of epochs.

    The schedule follows the time that is used rather than steps that were foreseen: whatever else
    the machine does meanwhile, the rate is at zero when the time is over (training to a budget: Li,
    Yumer and Ramanan, 2020). Seconds in which nothing can be learnt, such as those in which the
    first step is compiled, take time but do not move the schedule.

    Attributes:
        seconds: The time that there is, the last validation included.
        share: Of the schedule that is behind, 0 to 1.

    Example:
        >>> clock = Clock(seconds=100)
        >>> clock.start(used=20)  # the first step took that long
        >>> clock.move(used=56, reserve=8), clock.over
        (0.5, False)
        >>> clock.move(used=92, reserve=8), clock.over
        (1.0, True)
    """

    seconds: float
    share: float = 0.0
    _from_share: float = 0.0
    _from_used: float | None = None

    @property
    def started(self) -> bool:
        """Whether steps move the schedule."""
        return self._from_used is not None

    @property
    def over(self) -> bool:
        """Whether the time is used up."""
        return self.share >= 1

    def start(self, *, used: float) -> None:
        """From now on, time moves the schedule.

        Args:
            used: Seconds that the fit took so far, before an interruption too.
        """
        self._from_used, self._from_share = used, self.share

    def move(self, *, used: float, reserve: float) -> float:
        """Return the share of the schedule that is behind after `used` seconds.

        Args:
            used: Seconds that the fit took so far.
            reserve: Seconds that what comes after the last step will take.
        """
        begun = used if self._from_used is None else self._from_used
        left = self.seconds - reserve - begun
        passed = 1.0 if left <= 0 else min(1.0, (used - begun) / left)
        self.share = max(self.share, self._from_share + (1 - self._from_share) * passed)
        return self.share

    def rate(self, schedule: keras.optimizers.schedules.LearningRateSchedule) -> float:
        """Return the rate of now from a schedule that was made for `SHARES` steps."""
        return rate_at(schedule, round(self.share * SHARES))
