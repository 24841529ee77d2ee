"""The course of a fit as it happens: what is reported, what is kept, when it is enough."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from cellclf.errors import RunError, TrainingError
from cellclf.training.checkpoint import Arrays, Checkpoint, assign, values_of, write_checkpoint
from cellclf.training.feed import TrainingFeed
from cellclf.training.history import EpochRow, best_of, write_history
from cellclf.training.schedule import rate_at
from cellclf.training.watching import Watcher

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
    """Where a fit keeps its checkpoint, and how it knows it again."""

    path: Path
    mark: str
    progress: Progress


class Course(keras.callbacks.CallbackList):  # type: ignore[misc]
    """Follows a fit: reports it, refuses a loss that is no number, keeps what is worth keeping.

    It takes the place of Keras' list of callbacks, and is none itself, because the list turns the
    losses of every step into Python numbers, which waits for an accelerator at every step. Those
    who watch are called at all the places where Keras calls its callbacks, at the end of a step
    with its losses as the backend gives them.

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
        watchers: Sequence[Watcher] = (),
    ) -> None:
        super().__init__(
            list(watchers),
            add_history=True,
            add_progbar=False,
            model=model,
            epochs=settings.epochs,
            steps=len(feed),
            verbose=0,
        )
        self._watchers = tuple(watchers)
        self.rows = rows
        self.best = best
        self._feed = feed
        self._settings = settings
        self._schedule = schedule
        self._peak = peak
        self._task = task
        self._place = place
        self._trained: Arrays = []
        self._unreported = self._steps = 0
        self._images_per_second = 0.0
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
        self._started, self._steps = time.monotonic(), 0

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Tell those who watch."""
        for watcher in self._watchers:
            watcher.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Count the step; look at the loss and report at most ten times a second."""
        self._unreported += 1
        self._steps += 1
        for watcher in self._watchers:
            watcher.on_train_batch_end(batch, logs)
        if logs and time.monotonic() - self._reported >= SECONDS_BETWEEN_REPORTS:
            loss = float(logs[LOSS])
            self._measure_rate()
            self._report(loss)

    def on_test_begin(self, logs: Logs = None) -> None:
        """Validate the averaged weights, if there are any; training goes on with its own."""
        super().on_test_begin(logs)
        if self._settings.averaging > 0:
            weights = self.model.trainable_variables
            self._trained = values_of(weights)
            self._measure_rate()  # reading the weights has waited for the last step
            self.model.optimizer.finalize_variable_values(weights)
            # Copies: a backend that reuses the buffers of weights would overwrite the average.
            assign(weights, values_of(weights))
        else:
            self._measure_rate()

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Tell those who watch."""
        for watcher in self._watchers:
            watcher.on_test_batch_begin(batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Tell those who watch."""
        for watcher in self._watchers:
            watcher.on_test_batch_end(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write down how the epoch went, keep its weights if they are the best, and go on or stop.

        Keras calls this after validation.
        """
        seen = {name: float(value) for name, value in (logs or {}).items()}
        self._report(seen[LOSS])
        self._must_be_finite(seen[f"val_{LOSS}"])
        row = EpochRow(
            epoch=epoch + 1,
            loss=seen[LOSS],
            accuracy=seen[ACCURACY],
            validation_loss=seen[f"val_{LOSS}"],
            validation_accuracy=seen[f"val_{ACCURACY}"],
            learning_rate=rate_at(self._schedule, len(self._feed) * (epoch + 1) - 1),
            seconds=time.monotonic() - self._started,
            images_per_second=self._images_per_second,
        )
        self.rows = (*self.rows, row)
        self._write_history()
        told = {"learning_rate": row.learning_rate, "images_per_second": row.images_per_second}
        super().on_epoch_end(epoch, {**seen, **told})
        if best_of(self.rows) is row:
            self.best = values_of(self.model.weights)
        if self._settings.averaging > 0:
            assign(self.model.trainable_variables, self._trained)
        self._write_checkpoint()
        self.model.stop_training = self.ended

    def _report(self, loss: float) -> None:
        self._must_be_finite(loss)
        note = f"epoch {len(self.rows) + 1}/{self._settings.epochs} loss {loss:.3f}"
        if self.rows:
            note += f" validation accuracy {self.rows[-1].validation_accuracy:.3f}"
        note += f" {self._images_per_second:,.0f} images/s"
        # Set before the listener is told: it may interrupt.
        steps, self._unreported = self._unreported, 0
        self._reported = time.monotonic()
        if steps:
            self._task.advance(steps, note=note)

    def _measure_rate(self) -> None:
        """Note how fast the steps of this epoch are; asked where the accelerator has done them."""
        images = self._steps * self._settings.batch_size
        self._images_per_second = images / max(time.monotonic() - self._started, 1e-9)

    def _write_history(self) -> None:
        """Write the epochs so far for people to read; a full disk does not end the fit."""
        try:
            write_history(self._place.path.parent, self.rows)
        except RunError as error:
            self._place.progress.warn(f"the history of the epochs so far is not kept: {error}")

    def _must_be_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingError(
                f"training diverged: the loss became {loss:g} in epoch {len(self.rows) + 1}. Lower "
                f"`training.learning_rate`, for example to {self._peak / 10:g}. "
                f"Received: learning_rate={self._peak:g}"
            )

    def _write_checkpoint(self) -> None:
        """Write where the fit stands; a full disk costs only the means to resume."""
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
