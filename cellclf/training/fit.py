"""Fitting: train epoch by epoch, keep the best weights, go on where a killed fit stood."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.errors import TrainingError
from cellclf.network.backend import jit_compile
from cellclf.network.distribution import ALONE, Share
from cellclf.training.checkpoint import Checkpoints, UnusableCheckpointError, assign, values_of
from cellclf.training.course import ACCURACY, LOSS, Course, judged
from cellclf.training.feed import Batches, TrainingFeed, ValidationFeed, preparing_threads
from cellclf.training.history import EpochRow, History, best_of
from cellclf.training.identity import fingerprint
from cellclf.training.keeping import CHECKPOINT_SECONDS, Keeping
from cellclf.training.optimizer import AveragedAdamW
from cellclf.training.plan import FitPlan, Standing
from cellclf.training.schedule import SHARES, Clock, learning_rate_schedule
from cellclf.training.shares import CountedCrossentropy, Divisible, SharedBatches
from cellclf.training.watching import Watcher

if TYPE_CHECKING:
    from cellclf.progress import Progress
    from cellclf.settings import TrainingSettings

__all__ = ["Validation", "fit"]

Validation = tuple[NDArray[Any], NDArray[np.intp], NDArray[np.intp]]
"""All images of the set, or their features; the rows to validate on; the class of every image."""

MOST_AT_ONCE = 32
"""Steps of one call, after which the clock is looked at."""

MANY_EPOCHS = 10**9
"""For a fit that ends by the clock."""


def fit(
    model: keras.Model,
    batches: Batches,
    *,
    validation: Validation,
    settings: TrainingSettings,
    learning_rate: float,
    directory: Path,
    progress: Progress,
    description: str = "training",
    checkpoint_every: float = CHECKPOINT_SECONDS,
    watchers: Sequence[Watcher] = (),
    share: Share = ALONE,
    on_features: bool = False,
) -> History:
    """Train `model` on `batches`; it holds the weights of its best epoch afterwards.

    The optimiser is AdamW (Loshchilov and Hutter, 2019), without decay on biases and the scales
    and offsets of normalisation. With `settings.averaging`, what is validated and kept, once the
    rate has fallen to a tenth of its peak, is an exponential moving average of the weights (Polyak
    and Juditsky, 1992; Izmailov et al., 2018), which reaches back over about that share of all
    steps. The best epoch is the one with the lowest validation loss: the plain cross-entropy,
    without label smoothing. `early_stopping` decides only whether the fit ends once that has not
    improved for `patience` epochs, counted from where the rate is at half of its peak; the best
    epoch's weights are kept either way.

    With `settings.time_budget`, the fit ends after about that many seconds, compiling and
    validating included, its schedule at an end; the number of epochs is what there is time for, the
    last one may be cut short, and early stopping does not apply. Such a fit depends on how fast the
    machine is, and does not repeat to the same numbers.

    After every epoch, `history.csv` in `directory` has a row more (where epochs take less than a
    tenth of a second, after some of them). Every `checkpoint_every` seconds, after a batch, the
    state is written beside it. A call with a freshly built model and the same arguments goes on
    from there to the same numbers; a state that is damaged, or of another fit, is passed over with
    a warning, and the one before it taken. The last ones are left there, for `discard_checkpoints`
    once the caller has the weights safe. (Where a backend keeps the state of dropout to itself and
    not in the model, the numbers are the same only if the dropout layers were built with seeds.)

    Args:
        model: Uncompiled network: images or features in, float32 logits `(batch, classes)` out.
            Where its weights start and which layers are trainable is the caller's choice.
        batches: What to train on.
        validation: As `batches` was made: all images of the set, `uint8`, `(n, size, size, 3)`, or
            their features, `(n, f)`; the rows to validate on, `(m,)`; the class number of every
            image of the set, `(n,)`.
        settings: Epochs, schedule, decay, smoothing and stopping.
        learning_rate: Peak rate; `settings.learning_rate` itself is not looked at.
        directory: Where the checkpoints live; made where it does not exist.
        progress: Hears of every epoch; one task of all steps of the fit.
        description: What the task is called.
        checkpoint_every: Seconds; more where writing a checkpoint is slow. 0 writes after each
            epoch and, within it, as often as the loss is looked at.
        watchers: Callbacks of plugins; told of every step and epoch.
        share: Where several devices train, which part of that is this process's; `model` was then
            built within `distributed(share)`. All processes call this with the same arguments
            otherwise, and the same `directory`, which only the first writes to.
        on_features: The model is a head, whose steps take less time than calling for them one by
            one: several are one call, after which `watchers` are told, and so is validation. The
            numbers are the same up to rounding.

    Raises:
        PluginError: One of `watchers` failed, or did not only watch.
        TrainingError: There is nothing to validate on; the processes do not agree on what they do;
            or the loss is no longer a finite number, and the model then holds the best weights so
            far.
    """
    _require_rows(validation)
    images, rows, labels = validation
    clock = None if settings.time_budget is None else Clock(seconds=settings.time_budget)
    steps = len(batches) * settings.epochs
    schedule = learning_rate_schedule(
        settings.schedule,
        peak=learning_rate,
        steps=steps if clock is None else SHARES,
        warmup=settings.warmup,
    )
    rate = schedule if clock is None else clock.rate(schedule)
    mine = batches if share.devices == 1 else SharedBatches(cast("Divisible", batches), share)
    at_once = _steps_at_once(len(batches)) if on_features else 1
    _compile(
        model,
        _optimizer(model, settings, rate, steps=steps),
        settings,
        filled_up=getattr(mine, "filled_up", False),
        steps_at_once=at_once,
    )
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
    keeping = Keeping(
        folder=directory,
        checkpoints=Checkpoints(directory, mark=mark),
        progress=progress,
        share=share,
        every=checkpoint_every,
    )
    standing = _resume(model, keeping, clock)
    share.agree(network_and_batches=mark, checkpoint=f"{standing.rows} {standing.batch}")
    plan = FitPlan(
        settings=settings,
        schedule=schedule,
        peak=learning_rate,
        clock=clock,
        batches=len(batches),
        steps_at_once=at_once,
        validation_batches=len(judged_on),
    )
    total = steps if clock is None else round(clock.seconds)
    with progress.task(description, total) as task, preparing_threads() as pool:
        course = Course(
            model,
            standing,
            plan=plan,
            keeping=keeping,
            task=task,
            watchers=watchers,
            judge=partial(judged, model, images[rows], labels[rows]) if on_features else None,
        )
        while not course.ended:
            done = len(course.rows) * len(batches) + course.batch
            feed = TrainingFeed(mine, done=done, pool=pool)
            _run(model, feed, None if on_features else judged_on, course, plan=plan)
    assign(model.weights, course.best)
    return _history(course.rows, settings)


def _require_rows(validation: Validation) -> None:
    """Make sure that there is something to validate on, and that it fits together."""
    images, rows, labels = validation
    if len(rows) == 0 or len(labels) != len(images):
        raise TrainingError(
            "`validation` must name at least one row, and have a label for every image. "
            f"Received: {len(rows)} rows, {len(images)} images, {len(labels)} labels"
        )


def _optimizer(
    model: keras.Model,
    settings: TrainingSettings,
    rate: float | keras.optimizers.schedules.LearningRateSchedule,
    *,
    steps: int,
) -> AveragedAdamW:
    optimizer = AveragedAdamW(
        rate,
        model.trainable_variables,
        weight_decay=settings.weight_decay,
        averaged=settings.averaging > 0,
    )
    optimizer.average_over(settings.averaging * steps)
    return optimizer


def _compile(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    settings: TrainingSettings,
    *,
    filled_up: bool,
    steps_at_once: int,
) -> None:
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
        steps_per_execution=steps_at_once,
    )
    # Made now, so that a checkpoint can fill them, and so that the first step, which would make
    # them while it is traced, is not traced again.
    blank = np.zeros((1, model.output_shape[-1]), np.float32)
    weight = np.ones(1, np.float32)
    model.compute_loss(y=blank, y_pred=blank, sample_weight=weight, training=False)
    model.compute_metrics(None, blank, blank, weight)
    model.reset_metrics()


def _steps_at_once(batches: int) -> int:
    """Steps of one call: they divide the epoch, or its last call would begin the next one."""
    return max(steps for steps in range(1, MOST_AT_ONCE + 1) if batches % steps == 0)


def _resume(model: keras.Model, keeping: Keeping, clock: Clock | None) -> Standing:
    """Say how far the fit has come; put the model where the checkpoint left it."""
    found, reasons = keeping.checkpoints.read()
    if found is not None:
        try:
            # The best weights come first only to be checked; the model's state overrides them.
            assign(
                [*model.weights, *model.variables, *model.optimizer.variables],
                [*found.best, *found.model, *found.optimizer],
            )
        except UnusableCheckpointError as unusable:
            found, reasons = None, [*reasons, str(unusable)]
    for reason in reasons:
        consequence = "training starts anew" if found is None else "the one before it is taken"
        keeping.progress.warn(f"a checkpoint is passed over, {consequence}: {reason}")
    if found is None:
        if keeping.share.leads:
            keeping.checkpoints.clear()
        return Standing(metrics=[], best=values_of(model.weights))
    if clock is not None:
        clock.share = found.share
    epochs = f"after epoch {len(found.rows)}" + f" and {found.batch} batches" * (found.batch > 0)
    keeping.progress.say(f"going on {epochs} of an interrupted training")
    return Standing(
        rows=found.rows,
        batch=found.batch,
        epoch_seconds=found.epoch_seconds,
        seconds=found.seconds,
        metrics=found.metrics,
        best=found.best,
    )


def _run(
    model: keras.Model,
    feed: TrainingFeed,
    judged_on: ValidationFeed | None,
    course: Course,
    *,
    plan: FitPlan,
) -> None:
    """Train and validate: what is left of an epoch that was interrupted, or all epochs.

    They are two calls, because Keras takes all epochs of a call for equally long.
    """
    done = len(course.rows)
    last = plan.settings.epochs if plan.clock is None else MANY_EPOCHS
    try:
        model.fit(
            feed,
            validation_data=judged_on,
            initial_epoch=done,
            epochs=done + 1 if course.batch else last,
            steps_per_epoch=plan.batches - course.batch,
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
    finally:
        feed.close()


def _history(rows: tuple[EpochRow, ...], settings: TrainingSettings) -> History:
    best = best_of(rows)
    stopped_early = settings.time_budget is None and len(rows) < settings.epochs
    if settings.time_budget is not None:
        ending = f"the {settings.time_budget:g} s are used up, in epoch {len(rows)}"
    elif stopped_early:
        ending = (
            f"stopped after epoch {len(rows)} of {settings.epochs}: no lower validation loss for "
            f"{settings.patience} epochs"
        )
    else:
        ending = f"all {settings.epochs} epochs done"
    return History(
        rows=rows,
        best_epoch=best.epoch,
        stopped_early=stopped_early,
        reason=f"{ending}; kept the weights of epoch {best.epoch}",
    )
