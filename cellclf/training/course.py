"""The course of a fit as it happens: what is reported, what is kept, when it is enough."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from cellclf.errors import RunError, TrainingError
from cellclf.network.distribution import ALONE, Share
from cellclf.training.checkpoint import Arrays, Checkpoint, assign, values_of, write_checkpoint
from cellclf.training.feed import TrainingFeed
from cellclf.training.history import EpochRow, best_of
from cellclf.training.schedule import rate_at

if TYPE_CHECKING:
    from cellclf.experiment import TrainingSettings
    from cellclf.progress import Progress, Task

__all__ = ["ACCURACY", "LOSS", "Course", "Place"]

LOSS = "cross_entropy"
ACCURACY = "accuracy"
"""Names of the two metrics that a model is compiled with."""

Logs = Mapping[str, Any] | None

SECONDS_BETWEEN_REPORTS = 0.1
"""Reading a loss waits for the accelerator to reach that step, so it is not done at each."""


@dataclass(frozen=True)
class Place:
    """Where a fit keeps its checkpoint, and how it knows it again.

    Attributes:
        path: The file.
        mark: The fit's `fingerprint`.
        progress: Told when it cannot be written.
        share: Which of the processes of the fit this is: the first writes for all.
    """

    path: Path
    mark: str
    progress: Progress
    share: Share = ALONE


class Course(keras.callbacks.CallbackList):  # type: ignore[misc]
    """Follows a fit: reports it, refuses a loss that is no number, keeps what is worth keeping.

    It takes the place of Keras' list of callbacks, and is none itself, because the list turns the
    losses of every step into Python numbers, which waits for an accelerator at every step.

    Attributes:
        rows: The epochs done.
        best: The model's weights after the best of them; where none is done, the first weights.
    """

    def __init__(
        self,
        model: keras.Model,
        feed: TrainingFeed,
        rows: tuple[EpochRow, ...],
        best: Arrays,
        *,
        settings: TrainingSettings,
        schedule: keras.optimizers.schedules.LearningRateSchedule,
        peak: float,
        task: Task,
        place: Place,
    ) -> None:
        super().__init__(add_history=True, add_progbar=False, model=model)
        self.rows = rows
        self.best = best
        self._feed = feed
        self._settings = settings
        self._schedule = schedule
        self._peak = peak
        self._task = task
        self._place = place
        self._trained: Arrays = []
        self._unreported = 0
        self._started = self._reported = time.monotonic()
        if rows:
            note = f"resumed after epoch {len(rows)}"
            task.advance(len(feed) * len(rows), note=note)

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do."""
        if len(self.rows) == self._settings.epochs:
            return True
        if not self.rows or not self._settings.early_stopping:
            return False
        return len(self.rows) - best_of(self.rows).epoch >= self._settings.patience

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Have the feed give the batches of this epoch."""
        super().on_epoch_begin(epoch, logs)
        self._feed.begin(epoch)
        self._started = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Do nothing."""

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Count the step; look at the loss and report at most ten times a second."""
        self._unreported += 1
        if logs and time.monotonic() - self._reported >= SECONDS_BETWEEN_REPORTS:
            self._report(float(logs[LOSS]))

    def on_test_begin(self, logs: Logs = None) -> None:
        """Validate the averaged weights, if there are any; training goes on with its own."""
        super().on_test_begin(logs)
        if self._settings.averaging > 0:
            weights = self.model.trainable_variables
            self._trained = values_of(weights)
            self.model.optimizer.finalize_variable_values(weights)
            # Copies: a backend that reuses the buffers of weights would overwrite the average.
            assign(weights, values_of(weights))

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Do nothing."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Do nothing."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write down how the epoch went, keep its weights if they are the best, and go on or stop.

        Keras calls this after validation.
        """
        super().on_epoch_end(epoch, logs)
        seen = {name: float(value) for name, value in (logs or {}).items()}
        self._report(seen[LOSS])
        self._must_be_finite(seen[LOSS])
        self._must_be_finite(seen[f"val_{LOSS}"])
        row = EpochRow(
            epoch=epoch + 1,
            loss=seen[LOSS],
            accuracy=seen[ACCURACY],
            validation_loss=seen[f"val_{LOSS}"],
            validation_accuracy=seen[f"val_{ACCURACY}"],
            learning_rate=rate_at(self._schedule, len(self._feed) * (epoch + 1) - 1),
            seconds=time.monotonic() - self._started,
        )
        self.rows = (*self.rows, row)
        if best_of(self.rows) is row:
            self.best = values_of(self.model.weights)
        if self._settings.averaging > 0:
            assign(self.model.trainable_variables, self._trained)
        self._write_checkpoint()
        self.model.stop_training = self.ended

    def _report(self, loss: float) -> None:
        if self._place.share.processes == 1:
            # Several look at different steps: one that stopped would leave the others waiting.
            self._must_be_finite(loss)
        note = f"epoch {len(self.rows) + 1}/{self._settings.epochs} loss {loss:.3f}"
        if self.rows:
            note += f" validation accuracy {self.rows[-1].validation_accuracy:.3f}"
        # Set before the listener is told: it may interrupt.
        steps, self._unreported = self._unreported, 0
        self._reported = time.monotonic()
        if steps:
            self._task.advance(steps, note=note)

    def _must_be_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingError(
                f"training diverged: the loss became {loss:g} in epoch {len(self.rows) + 1}. Lower "
                f"`training.learning_rate`, for example to {self._peak / 10:g}. "
                f"Received: learning_rate={self._peak:g}"
            )

    def _write_checkpoint(self) -> None:
        """Write where the fit stands; a full disk costs only the means to resume."""
        if not self._place.share.leads:
            return
        checkpoint = Checkpoint(
            rows=self.rows,
            model=values_of(self.model.variables),
            optimizer=values_of(self.model.optimizer.variables),
            best=self.best,
        )
        place = self._place
        try:
            write_checkpoint(place.path, checkpoint, mark=place.mark)
        except RunError as error:
            place.progress.warn(f"an interrupted training could not go on: {error}")
