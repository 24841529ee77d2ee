"""What a fit is to do, where it keeps what it has done, and how far it has come."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import keras

from cellclf.network.distribution import ALONE, Share
from cellclf.training.checkpoint import Arrays, Checkpoints
from cellclf.training.history import EpochRow
from cellclf.training.schedule import Clock

if TYPE_CHECKING:
    from cellclf.progress import Progress
    from cellclf.settings import TrainingSettings

__all__ = ["CHECKPOINT_SECONDS", "Keeping", "Plan", "Standing"]

CHECKPOINT_SECONDS = 10.0
"""Most that is lost to a kill, where writing is quick."""


SETTLED = 0.1
"""Share of the peak rate from which on weights move so little that their averages are used."""


@dataclass(frozen=True, kw_only=True)
class Plan:
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


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """Where a fit keeps its checkpoints, and how often.

    Attributes:
        folder: For the history of the epochs, for people to read.
        checkpoints: The place.
        progress: Told when something cannot be written.
        share: Which of the processes of the fit this is: the first writes for all.
        every: Seconds between two of them; more where writing is slow.
    """

    folder: Path
    checkpoints: Checkpoints
    progress: Progress
    share: Share = ALONE
    every: float = CHECKPOINT_SECONDS


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
