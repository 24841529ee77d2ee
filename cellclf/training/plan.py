"""What a fit is to do, and how far it has come."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras

from cellclf.training.checkpoint import Arrays
from cellclf.training.history import EpochRow
from cellclf.training.schedule import Clock

if TYPE_CHECKING:
    from cellclf.settings import TrainingSettings

__all__ = ["FitPlan", "Standing"]

SETTLED = 0.1
"""Share of the peak rate from which on weights move so little that their averages are used."""


@dataclass(frozen=True, kw_only=True)
class FitPlan:
    """What a fit is to do.

    Attributes:
        settings: Epochs or time, averaging and stopping.
        schedule: Learning rate by step; where there is a clock, by its shares.
        peak: The highest rate.
        clock: Where the fit stands in the time that there is; `None` where it counts epochs.
        batches: How many batches an epoch has.
        steps_at_once: How many of them are one call of the backend.
        validation_batches: How many batches are validated on.
    """

    settings: TrainingSettings
    schedule: keras.optimizers.schedules.LearningRateSchedule
    peak: float
    clock: Clock | None
    batches: int
    steps_at_once: int
    validation_batches: int

    @property
    def patient_from(self) -> int:
        """Epochs after which those without improvement count for early stopping.

        While the rate is high, the validation loss goes up and down and says little of what it will
        be when the rate has fallen. So they count from where the rate is at half of its peak.
        """
        if self.settings.schedule == "constant":
            return 0
        share = (1 + self.settings.warmup) / 2
        return math.ceil(share * self.settings.epochs)

    def averages_count(self, rate: float) -> bool:
        """Whether averages of the weights are better than the weights, at that rate.

        At a high rate weights move far. The statistics of batch normalisation, which are those of
        the weights that were trained, then do not fit their averages.
        """
        return self.settings.averaging > 0 and rate <= SETTLED * self.peak


@dataclass(kw_only=True)
class Standing:
    """How far a fit has come: where a checkpoint left it, or its beginning.

    Attributes:
        rows: The epochs done.
        batch: Batches done of the epoch after them.
        epoch_seconds: Time that those batches took.
        seconds: Time that the fit took so far.
        metrics: Values of the metrics' variables after those batches; empty where there are none.
        best: The model's weights after the best epoch; before the first, those it began with.
    """

    rows: tuple[EpochRow, ...] = ()
    batch: int = 0
    epoch_seconds: float = 0.0
    seconds: float = 0.0
    metrics: Arrays
    best: Arrays
