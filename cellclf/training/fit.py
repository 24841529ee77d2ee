"""Fitting: train epoch by epoch, keep the best weights, go on where a killed fit stood."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.errors import TrainingError
from cellclf.network.backend import jit_compile
from cellclf.training.checkpoint import (
    CHECKPOINT_NAME,
    Arrays,
    Checkpoint,
    UnusableCheckpointError,
    assign,
    fingerprint,
    read_checkpoint,
    values_of,
    write_checkpoint,
)
from cellclf.training.feed import TrainingFeed, ValidationFeed, preparing_threads
from cellclf.training.history import EpochRow, History, best_of
from cellclf.training.schedule import learning_rate_schedule, rate_at

if TYPE_CHECKING:
    from cellclf.data.batches import TrainingBatches
    from cellclf.experiment import TrainingSettings
    from cellclf.progress import Progress, Task

__all__ = ["fit"]

LOSS = "cross_entropy"
ACCURACY = "accuracy"

MATRIX_RANK = 2
"""Variables of fewer dimensions are biases, scales and offsets: decay would only bias them."""

Logs = Mapping[str, Any] | None

SECONDS_BETWEEN_REPORTS = 0.1
"""Reading a loss waits for the accelerator to reach that step, so it is not done at each."""


def fit(
    model: keras.Model,
    batches: TrainingBatches,
    *,
    validation: tuple[NDArray[np.uint8], NDArray[np.intp], NDArray[np.intp]],
    settings: TrainingSettings,
    learning_rate: float,
    directory: Path,
    progress: Progress,
    description: str = "training",
) -> History:
    """Train `model` on `batches`; it holds the weights of its best epoch afterwards.

    The optimiser is AdamW (Loshchilov and Hutter, 2019), without decay on biases and the scales
    and offsets of normalisation. The best epoch is the one with the lowest validation loss: the
    plain cross-entropy, without label smoothing. `early_stopping` decides only whether the fit
    ends once that has not improved for `patience` epochs; the best epoch's weights are kept
    either way.

    After every epoch the state is written to `checkpoint.safetensors` in `directory`. A call with
    a freshly built model and the same arguments goes on from there to the same numbers; a
    checkpoint that is damaged, or of another fit, is passed over with a warning. The file is
    removed when the fit is complete. (Where a backend keeps the state of dropout to itself and not
    in the model, the numbers are the same only if the dropout layers were built with seeds.)

    Args:
        model: Uncompiled network: `uint8` images in, float32 logits `(batch, classes)` out. Where
            its weights start and which layers are trainable is the caller's choice.
        batches: What to train on.
        validation: As `batches` was made: all images of the set, `uint8`, `(n, size, size, 3)`;
            the rows to validate on, `(m,)`; the class number of every image of the set, `(n,)`.
        settings: Epochs, schedule, decay, smoothing and stopping.
        learning_rate: Peak rate; `settings.learning_rate` itself is not looked at.
        directory: Where the checkpoint lives; made where it does not exist.
        progress: Hears of every epoch; one task of all steps of the fit.
        description: What the task is called.

    Raises:
        TrainingError: There is nothing to validate on; or the loss is no longer a finite number,
            and the model then holds the best weights so far.
    """
    images, rows, labels = validation
    if len(rows) == 0 or len(labels) != len(images):
        raise TrainingError(
            "`validation` must name at least one row, and have a label for every image. "
            f"Received: {len(rows)} rows, {len(images)} images, {len(labels)} labels"
        )
    schedule = learning_rate_schedule(
        settings.schedule,
        peak=learning_rate,
        steps=len(batches) * settings.epochs,
        warmup=settings.warmup,
    )
    _compile(model, schedule, settings)
    judged_on = ValidationFeed(
        images, rows, labels, num_classes=model.output_shape[-1], batch_size=settings.batch_size
    )
    mark = fingerprint(
        model,
        batches,
        judged_on=judged_on.targets,
        settings=settings,
        learning_rate=learning_rate,
    )
    directory.mkdir(parents=True, exist_ok=True)
    place = _Place(directory / CHECKPOINT_NAME, mark, progress)
    rows_done, best = _resume(model, place)
    total = len(batches) * settings.epochs
    with progress.task(description, total) as task, preparing_threads() as pool:
        feed = TrainingFeed(batches, epoch=len(rows_done), pool=pool)
        course = _Course(
            model,
            feed,
            rows_done,
            best,
            settings=settings,
            schedule=schedule,
            peak=learning_rate,
            task=task,
            place=place,
        )
        if not course.ended:
            _run(model, feed, judged_on, course, epochs=settings.epochs)
    assign(model.weights, course.best)
    place.path.unlink(missing_ok=True)
    return _history(course.rows, settings)


@dataclass(frozen=True)
class _Place:
    """Where a fit keeps its checkpoint, and how it knows it again."""

    path: Path
    mark: str
    progress: Progress


def _compile(
    model: keras.Model,
    schedule: keras.optimizers.schedules.LearningRateSchedule,
    settings: TrainingSettings,
) -> None:
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=settings.weight_decay)
    optimizer.exclude_from_weight_decay(
        var_list=[v for v in model.trainable_variables if len(v.shape) < MATRIX_RANK]
    )
    # Built here and not inside the first step, which would then be traced twice.
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=settings.label_smoothing
        ),
        weighted_metrics=[
            keras.metrics.CategoricalCrossentropy(from_logits=True, name=LOSS),
            keras.metrics.CategoricalAccuracy(name=ACCURACY),
        ],
        jit_compile=jit_compile(),
    )


def _resume(model: keras.Model, place: _Place) -> tuple[tuple[EpochRow, ...], Arrays]:
    """Return the epochs done and the best weights; put the model where the checkpoint left it."""
    try:
        found = read_checkpoint(place.path, mark=place.mark)
        if found is not None:
            # The best weights come first only to be checked; the model's own state overrides them.
            assign(
                [*model.weights, *model.variables, *model.optimizer.variables],
                [*found.best, *found.model, *found.optimizer],
            )
            place.progress.say(f"going on after epoch {len(found.rows)} of an interrupted training")
            return found.rows, found.best
    except UnusableCheckpointError as reason:
        place.progress.warn(f"{place.path} is passed over, training starts anew: {reason}")
    return (), values_of(model.weights)


def _run(
    model: keras.Model,
    feed: TrainingFeed,
    judged_on: ValidationFeed,
    course: _Course,
    *,
    epochs: int,
) -> None:
    """Train and validate until `course` says that it is enough."""
    try:
        model.fit(
            feed,
            validation_data=judged_on,
            initial_epoch=len(course.rows),
            epochs=epochs,
            shuffle=False,
            verbose=0,
            callbacks=course,
        )
    except TrainingError:
        assign(model.weights, course.best)
        raise
    except Exception:
        if feed.failure is not None:
            raise feed.failure from None
        raise


def _history(rows: tuple[EpochRow, ...], settings: TrainingSettings) -> History:
    best = best_of(rows)
    stopped_early = len(rows) < settings.epochs
    ending = (
        f"stopped after epoch {len(rows)} of {settings.epochs}: no lower validation loss for "
        f"{settings.patience} epochs"
        if stopped_early
        else f"all {settings.epochs} epochs done"
    )
    return History(
        rows=rows,
        best_epoch=best.epoch,
        stopped_early=stopped_early,
        reason=f"{ending}; kept the weights of epoch {best.epoch}",
    )


class _Course(keras.callbacks.CallbackList):  # type: ignore[misc]
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
        place: _Place,
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
        self._write_checkpoint()
        self.model.stop_training = self.ended

    def _report(self, loss: float) -> None:
        self._must_be_finite(loss)
        note = f"epoch {len(self.rows) + 1}/{self._settings.epochs} loss {loss:.3f}"
        if self.rows:
            note += f" validation {self.rows[-1].validation_accuracy:.3f}"
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
        checkpoint = Checkpoint(
            rows=self.rows,
            model=values_of(self.model.variables),
            optimizer=values_of(self.model.optimizer.variables),
            best=self.best,
        )
        place = self._place
        try:
            write_checkpoint(place.path, checkpoint, mark=place.mark)
        except OSError as error:
            place.progress.warn(
                f"{place.path} cannot be written, an interrupted training cannot go on: {error}"
            )
