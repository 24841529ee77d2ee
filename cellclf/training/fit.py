"""Fitting: train epoch by epoch, keep the best weights, go on where a killed fit stood."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
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
    removed when the fit is complete.

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
    path = directory / CHECKPOINT_NAME
    done, best = _resume(model, path, mark, progress)
    total = len(batches) * settings.epochs
    with progress.task(description, total) as task, preparing_threads() as pool:
        if done:
            task.advance(len(batches) * len(done), note=f"resumed after epoch {len(done)}")
        while not _has_ended(done, settings):
            feed = TrainingFeed(batches, epoch=len(done), pool=pool)
            watch = _Watch(model, task, rows=done, settings=settings, peak=learning_rate)
            try:
                done = (*done, _epoch(model, feed, judged_on, watch, schedule))
            except TrainingError:
                assign(model.weights, best)
                raise
            if best_of(done) is done[-1]:
                best = values_of(model.weights)
            _keep(path, mark, model, done, best, progress)
    assign(model.weights, best)
    path.unlink(missing_ok=True)
    return _history(done, settings)


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


def _resume(
    model: keras.Model, path: Path, mark: str, progress: Progress
) -> tuple[tuple[EpochRow, ...], Arrays]:
    """Return the epochs done and the best weights; put the model where the checkpoint left it."""
    try:
        found = read_checkpoint(path, mark=mark)
        if found is not None:
            # The best weights come first only to be checked; the model's own state overrides them.
            assign(
                [*model.weights, *model.variables, *model.optimizer.variables],
                [*found.best, *found.model, *found.optimizer],
            )
            progress.say(f"going on after epoch {len(found.rows)} of an interrupted training")
            return found.rows, found.best
    except UnusableCheckpointError as reason:
        progress.warn(f"{path} is passed over, training starts anew: {reason}")
    return (), values_of(model.weights)


def _has_ended(done: tuple[EpochRow, ...], settings: TrainingSettings) -> bool:
    if len(done) == settings.epochs:
        return True
    if not done or not settings.early_stopping:
        return False
    return len(done) - best_of(done).epoch >= settings.patience


def _epoch(
    model: keras.Model,
    feed: TrainingFeed,
    judged_on: ValidationFeed,
    watch: _Watch,
    schedule: keras.optimizers.schedules.LearningRateSchedule,
) -> EpochRow:
    """Train on every batch of `feed` once, then validate."""
    started = time.monotonic()
    number = len(watch.rows)
    try:
        # One call an epoch: what Keras prepares ahead can then never be of the wrong one.
        kept = model.fit(
            feed,
            initial_epoch=number,
            epochs=number + 1,
            shuffle=False,
            verbose=0,
            callbacks=watch,
        )
    except Exception:
        if feed.failure is not None:
            raise feed.failure from None
        raise
    trained = {name: float(values[-1]) for name, values in kept.history.items()}
    watch.check(trained[LOSS])
    validated = model.evaluate(judged_on, verbose=0, return_dict=True)
    watch.check(validated[LOSS])
    return EpochRow(
        epoch=number + 1,
        loss=trained[LOSS],
        accuracy=trained[ACCURACY],
        validation_loss=float(validated[LOSS]),
        validation_accuracy=float(validated[ACCURACY]),
        learning_rate=rate_at(schedule, len(feed) * (number + 1) - 1),
        seconds=time.monotonic() - started,
    )


def _keep(
    path: Path,
    mark: str,
    model: keras.Model,
    rows: tuple[EpochRow, ...],
    best: Arrays,
    progress: Progress,
) -> None:
    """Write the checkpoint; a full disk costs only the means to resume."""
    checkpoint = Checkpoint(
        rows=rows,
        model=values_of(model.variables),
        optimizer=values_of(model.optimizer.variables),
        best=best,
    )
    try:
        write_checkpoint(path, checkpoint, mark=mark)
    except OSError as error:
        progress.warn(f"{path} cannot be written, an interrupted training cannot go on: {error}")


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


class _Watch(keras.callbacks.CallbackList):  # type: ignore[misc]
    """Reports one epoch's steps and refuses a loss that is no number.

    It takes the place of Keras' list of callbacks, and is none itself, because the list turns the
    losses of every step into Python numbers, which waits for an accelerator at every step.
    """

    def __init__(
        self,
        model: keras.Model,
        task: Task,
        *,
        rows: tuple[EpochRow, ...],
        settings: TrainingSettings,
        peak: float,
    ) -> None:
        super().__init__(add_history=True, add_progbar=False, model=model)
        self.rows = rows
        self._task = task
        self._epoch = f"epoch {len(rows) + 1}/{settings.epochs}"
        self._validation = f" validation {rows[-1].validation_accuracy:.3f}" if rows else ""
        self._peak = peak
        self._unreported = 0
        self._reported = time.monotonic()

    def check(self, loss: float) -> None:
        """Raise a `TrainingError` where `loss` is not finite."""
        if not math.isfinite(loss):
            raise TrainingError(
                f"training diverged: the loss became {loss:g} in {self._epoch}. Lower "
                f"`training.learning_rate`, for example to {self._peak / 10:g}. "
                f"Received: learning_rate={self._peak:g}"
            )

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Do nothing."""

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Count the step; report at most ten times a second."""
        self._unreported += 1
        if logs and time.monotonic() - self._reported >= SECONDS_BETWEEN_REPORTS:
            loss = float(keras.ops.convert_to_numpy(logs[LOSS]))
            self.check(loss)
            self._report(f"{self._epoch} loss {loss:.3f}{self._validation}")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Report the steps that have not been."""
        super().on_epoch_end(epoch, logs)
        if self._unreported and logs:
            loss = float(keras.ops.convert_to_numpy(logs[LOSS]))
            self._report(f"{self._epoch} loss {loss:.3f}{self._validation}")

    def _report(self, note: str) -> None:
        self._task.advance(self._unreported, note=note)
        self._unreported = 0
        self._reported = time.monotonic()
