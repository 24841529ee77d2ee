"""Fitting: train epoch by epoch, keep the best weights, go on where a killed fit stood."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.errors import TrainingError
from cellclf.network.backend import jit_compile
from cellclf.network.distribution import ALONE, Share
from cellclf.training.checkpoint import (
    CHECKPOINT_NAME,
    Arrays,
    UnusableCheckpointError,
    assign,
    fingerprint,
    read_checkpoint,
    values_of,
)
from cellclf.training.course import ACCURACY, LOSS, Course, Place
from cellclf.training.feed import TrainingFeed, ValidationFeed, preparing_threads
from cellclf.training.history import EpochRow, History, best_of
from cellclf.training.schedule import learning_rate_schedule
from cellclf.training.shares import CountedCrossentropy, SharedBatches

if TYPE_CHECKING:
    from cellclf.data.batches import TrainingBatches
    from cellclf.experiment import TrainingSettings
    from cellclf.progress import Progress

__all__ = ["fit"]

MATRIX_RANK = 2
"""Variables of fewer dimensions are biases, scales and offsets: decay would only bias them."""


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
    share: Share = ALONE,
) -> History:
    """Train `model` on `batches`; it holds the weights of its best epoch afterwards.

    The optimiser is AdamW (Loshchilov and Hutter, 2019), without decay on biases and the scales
    and offsets of normalisation. With `settings.averaging`, what is validated and kept is an
    exponential moving average of the weights (Polyak and Juditsky, 1992; Izmailov et al., 2018),
    which reaches back over about that share of all steps. The best epoch is the one with the
    lowest validation loss: the plain cross-entropy, without label smoothing. `early_stopping`
    decides only whether the fit ends once that has not improved for `patience` epochs; the best
    epoch's weights are kept either way.

    After every epoch the state is written to `checkpoint.safetensors` in `directory`. A call with
    a freshly built model and the same arguments goes on from there to the same numbers; a
    checkpoint that is damaged, or of another fit, is passed over with a warning. The last one is
    left there, for `discard_checkpoint` once the caller has the weights safe. (Where a backend
    keeps the state of dropout to itself and not in the model, the numbers are the same only if the
    dropout layers were built with seeds.)

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
        share: Where several devices train, which part of that is this process's; `model` was then
            built within `distributed(share)`. All processes call this with the same arguments
            otherwise, and the same `directory`, which only the first writes to.

    Raises:
        TrainingError: There is nothing to validate on; the processes do not agree on what they do;
            or the loss is no longer a finite number, and the model then holds the best weights so
            far.
    """
    images, rows, labels = validation
    if len(rows) == 0 or len(labels) != len(images):
        raise TrainingError(
            "`validation` must name at least one row, and have a label for every image. "
            f"Received: {len(rows)} rows, {len(images)} images, {len(labels)} labels"
        )
    total = len(batches) * settings.epochs
    schedule = learning_rate_schedule(
        settings.schedule, peak=learning_rate, steps=total, warmup=settings.warmup
    )
    shared = SharedBatches(batches, share)
    _compile(model, schedule, settings, steps=total, filled_up=shared.filled_up)
    judged_on = ValidationFeed(
        images,
        rows,
        labels,
        num_classes=model.output_shape[-1],
        batch_size=settings.batch_size,
        share=share,
    )
    mark = fingerprint(
        model,
        batches,
        judged_on=judged_on.targets,
        settings=settings,
        learning_rate=learning_rate,
    )
    directory.mkdir(parents=True, exist_ok=True)
    place = Place(directory / CHECKPOINT_NAME, mark, progress, share)
    rows_done, best = _resume(model, place)
    share.agree(network_and_batches=mark, checkpoint=repr(rows_done))
    with progress.task(description, total) as task, preparing_threads() as pool:
        mine = batches if share.devices == 1 else shared
        feed = TrainingFeed(mine, epoch=len(rows_done), pool=pool)
        course = Course(
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
    return _history(course.rows, settings)


def _compile(
    model: keras.Model,
    schedule: keras.optimizers.schedules.LearningRateSchedule,
    settings: TrainingSettings,
    *,
    steps: int,
    filled_up: bool,
) -> None:
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=settings.weight_decay,
        use_ema=settings.averaging > 0,
        ema_momentum=1 - 1 / max(1.0, settings.averaging * steps),
    )
    optimizer.exclude_from_weight_decay(
        var_list=[v for v in model.trainable_variables if len(v.shape) < MATRIX_RANK]
    )
    # Built here and not inside the first step, which would then be traced twice.
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer=optimizer,
        loss=CountedCrossentropy(label_smoothing=settings.label_smoothing)
        if filled_up
        else keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=settings.label_smoothing
        ),
        weighted_metrics=[
            keras.metrics.CategoricalCrossentropy(from_logits=True, name=LOSS),
            keras.metrics.CategoricalAccuracy(name=ACCURACY),
        ],
        jit_compile=jit_compile(),
    )


def _resume(model: keras.Model, place: Place) -> tuple[tuple[EpochRow, ...], Arrays]:
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
    course: Course,
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
