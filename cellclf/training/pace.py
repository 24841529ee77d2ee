"""How fast the steps of an epoch are."""

from __future__ import annotations

import time

__all__ = ["Pace"]

INSTANT = 1e-9
"""Seconds that steps take at the least, so that a rate is a number."""


class Pace:
    """Counts steps, and times them where the accelerator has done what it was given.

    Attributes:
        images_per_second: As measured last; 0 before.

    Example:
        >>> pace = Pace(now=100.0)
        >>> pace.count(4)
        >>> pace.seconds_a_step(now=102.0)
        0.5
    """

    def __init__(self, now: float) -> None:
        self.images_per_second = 0.0
        self.begin(now)

    def begin(self, now: float) -> None:
        """Count and time anew, from a time of `time.monotonic` on."""
        self._since, self._steps = now, 0

    def count(self, steps: int) -> None:
        """Note that so many more are done."""
        self._steps += steps

    def seconds_a_step(self, now: float) -> float:
        """Return how long a step takes."""
        return (now - self._since) / max(1, self._steps)

    def measure(self, batch_size: int) -> None:
        """Note how fast the steps are; asked where the accelerator has done them."""
        seconds = max(time.monotonic() - self._since, INSTANT)
        self.images_per_second = self._steps * batch_size / seconds
