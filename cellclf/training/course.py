"""The course of a fit as it happens: what is reported, what is kept, when it is enough."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from cellclf.errors import TrainingError
from cellclf.network.backend import settle
from cellclf.terms import percent
from cellclf.training.checkpoint import Arrays, Checkpoint, assign, values_of
from cellclf.training.history import EpochRow, best_of
from cellclf.training.keeping import Keeping
from cellclf.training.pace import Pace
from cellclf.training.plan import FitPlan, Standing
from cellclf.training.schedule import Clock, rate_at
from cellclf.training.watching import Watcher

if TYPE_CHECKING:
    from cellclf.progress import Task

__all__ = ["ACCURACY", "LOSS", "Course", "judged"]

LOSS = "cross_entropy"
ACCURACY = "accuracy"
"""Names of the two metrics that a model is compiled with."""

Logs = Mapping[str, Any] | None

SECONDS_BETWEEN_REPORTS = 0.1
"""Reading a loss waits for the accelerator to reach that step: it is not done each time."""

JUDGED_AT_ONCE = 8192
"""Features; so many are tens of megabytes."""

VALIDATING_SHARE = 0.5
"""Cost of a batch that is validated on over one that is trained on, until it is measured; a third
would do for the arithmetic alone."""


def judged(
    model: keras.Model, features: NDArray[np.float32], labels: NDArray[np.intp]
) -> dict[str, float]:
    """Validate a head in a few calls: what `fit` of Keras says after an epoch, in less time.

    Args:
        model: Features in, logits `(n, classes)` out.
        features: `(n, f)`.
        labels: Class number of each, `(n,)`.
    """
    starts = range(0, len(features), JUDGED_AT_ONCE)
    logits = [model(features[at : at + JUDGED_AT_ONCE], training=False) for at in starts]
    found = np.concatenate([keras.ops.convert_to_numpy(part) for part in logits])
    right = found.argmax(axis=1) == labels
    of_truth = log_softmax(found.astype(np.float64), axis=1)[np.arange(len(labels)), labels]
    return {f"val_{LOSS}": float(-of_truth.mean()), f"val_{ACCURACY}": float(right.mean())}


class Course(keras.callbacks.CallbackList):  # type: ignore[misc]
    """Follows a fit: reports it, refuses a loss that is no number, keeps what is worth keeping.

    It takes the place of Keras' list of callbacks, and is none itself, because the list turns the
    losses of every step into Python numbers, which waits for an accelerator at every step. Those
    who watch are called at all the places where Keras calls its callbacks, at the end of a step
    with its losses as the backend gives them.

    Args:
        model: What is fitted.
        standing: How far it has come.
        plan: What is to be done.
        keeping: Where it is kept.
        task: Hears of every step.
        watchers: Callbacks of plugins.
        judge: Validates the model, where Keras is not to do so, and returns what Keras would say.

    Attributes:
        rows: The epochs done.
        batch: Batches done of the epoch after them.
        best: The model's weights after the best epoch; where none is done, the first weights.
    """

    def __init__(
        self,
        model: keras.Model,
        standing: Standing,
        *,
        plan: FitPlan,
        keeping: Keeping,
        task: Task,
        watchers: Sequence[Watcher] = (),
        judge: Callable[[], dict[str, float]] | None = None,
    ) -> None:
        super().__init__(
            list(watchers),
            add_history=True,
            add_progbar=False,
            model=model,
            epochs=plan.settings.epochs,
            steps=plan.batches,
            verbose=0,
        )
        self._watchers = tuple(watchers)
        self._judge = judge
        self.rows = standing.rows
        self.best = standing.best
        self._plan = plan
        self._keeping = keeping
        self._task = task
        self.batch = standing.batch
        self._metrics = standing.metrics
        self._trained: Arrays = []
        self._averaged = False
        self._rated = -1, 0.0
        self._unreported = 0
        self._validation_seconds = 0.0
        now = time.monotonic()
        self._pace = Pace(now)
        self._reported = self._validation_began = now
        self._began = self._told = now - standing.seconds
        self._epoch_began = now - standing.epoch_seconds
        self._begun = False
        if self.rows or self.batch:
            self._announce_resumption(standing.seconds)

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to do."""
        if self._plan.clock is not None:
            return self._plan.clock.over
        settings = self._plan.settings
        if len(self.rows) == settings.epochs:
            return True
        if not self.rows or not settings.early_stopping:
            return False
        improved = max(best_of(self.rows).epoch, self._plan.patient_from)
        return len(self.rows) - improved >= settings.patience

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Begin an epoch, or what is left of it."""
        super().on_epoch_begin(epoch, logs)
        now = time.monotonic()
        if self.batch:  # an epoch that was interrupted in its midst
            assign(self.model.metrics_variables, self._metrics)
        else:
            self._epoch_began = now
        self._pace.begin(now)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Tell those who watch."""
        for watcher in self._watchers:
            watcher.on_train_batch_begin(self.batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Count the step; look at the loss, the clock and the disk at most ten times a second."""
        steps = self._plan.steps_at_once
        self.batch += steps
        self._unreported += steps
        self._pace.count(steps)
        for watcher in self._watchers:
            watcher.on_train_batch_end(self.batch - 1, logs)
        now = time.monotonic()
        if logs and now - self._reported >= SECONDS_BETWEEN_REPORTS:
            loss = float(logs[LOSS])
            self._pace.measure(self._plan.settings.batch_size)
            self._report(loss)
            if self._plan.clock is not None:
                self._follow(self._plan.clock, now)
            if self._keeping.is_due(now) and self.batch < self._plan.batches:
                settle(self.model)
                self._keeping.keep(self._checkpoint)

    def on_test_begin(self, logs: Logs = None) -> None:
        """Validate the averaged weights, if they count; training goes on with its own."""
        super().on_test_begin(logs)
        self._validation_began = time.monotonic()
        self._averaged = self._plan.averages_count(self._rate())
        weights = self.model.trainable_variables
        if self._plan.settings.averaging > 0:
            self._trained = values_of(weights)
        # Now: reading the weights has waited for the last step.
        self._pace.measure(self._plan.settings.batch_size)
        if self._averaged:
            self.model.optimizer.finalize_variable_values(weights)
            # Copies: a backend that reuses the buffers of weights would overwrite the average.
            assign(weights, values_of(weights))

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

        Keras calls this after validation, or validation is done here.
        """
        seen = {name: float(value) for name, value in (logs or {}).items()}
        if self._judge is not None:
            settle(self.model)
            self.on_test_begin()
            seen |= self._judge()
            self.on_test_end()
        self._report(seen[LOSS])
        self._must_be_finite(seen[LOSS])
        self._must_be_finite(seen[f"val_{LOSS}"])
        now = time.monotonic()
        self._validation_seconds = now - self._validation_began
        row = EpochRow(
            epoch=epoch + 1,
            loss=seen[LOSS],
            accuracy=seen[ACCURACY],
            validation_loss=seen[f"val_{LOSS}"],
            validation_accuracy=seen[f"val_{ACCURACY}"],
            learning_rate=self._rate(),
            seconds=now - self._epoch_began,
            images_per_second=self._pace.images_per_second,
        )
        self.rows = (*self.rows, row)
        self.batch = 0
        self._keeping.tell(self.rows, now=now, last=self.ended)
        told = {"learning_rate": row.learning_rate, "images_per_second": row.images_per_second}
        super().on_epoch_end(epoch, {**seen, **told})
        if best_of(self.rows) is row:
            self.best = values_of(self.model.weights)
        if self._averaged:
            assign(self.model.trainable_variables, self._trained)
        if self._plan.clock is not None:
            self._follow(self._plan.clock, now)
        self.model.stop_training = self.ended
        if self.ended or self._keeping.is_due(now):
            self._keeping.keep(self._checkpoint)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Tell those who watch, once: what is left of an interrupted epoch is a call of its own."""
        if not self._begun:
            self._begun = True
            super().on_train_begin(logs)

    def on_train_end(self, logs: Logs = None) -> None:
        """Put back what was trained, where Keras left the averages: the fit may have more to do."""
        if self.ended:
            super().on_train_end(logs)
        elif self._plan.settings.averaging > 0:
            assign(self.model.trainable_variables, self._trained)

    def _follow(self, clock: Clock, now: float) -> None:
        """Let the rate, and the span of the averages, be those of this time; stop when it is up."""
        settle(self.model)
        used = now - self._began
        if not clock.started:
            clock.start(used=used)
        share = clock.move(used=used, reserve=self._reserve(now))
        # With float16, Keras puts one that scales the loss around it.
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        optimizer.learning_rate = clock.rate(self._plan.schedule)
        if share > 0:
            steps = len(self.rows) * self._plan.batches + self.batch
            optimizer.average_over(self._plan.settings.averaging * steps / share)
        if clock.over:
            self.model.stop_training = True

    def _reserve(self, now: float) -> float:
        """Seconds that the last validation will take."""
        if self._validation_seconds:
            return self._validation_seconds
        return self._pace.seconds_a_step(now) * self._plan.validation_batches * VALIDATING_SHARE

    def _rate(self) -> float:
        """Learning rate of the last step."""
        if self._plan.clock is not None:
            return self._plan.clock.rate(self._plan.schedule)
        step = len(self.rows) * self._plan.batches + self.batch - 1
        if step != self._rated[0]:  # a schedule is a dozen operations of the backend
            self._rated = step, rate_at(self._plan.schedule, step)
        return self._rated[1]

    def _report(self, loss: float) -> None:
        if self._keeping.share.processes == 1:
            # Several look at different steps: one that stopped would leave the others waiting.
            self._must_be_finite(loss)
        note = f"epoch {len(self.rows) + 1}{self._of_epochs} loss {loss:.3f}"
        if self.rows:
            note += f" validation accuracy {self.rows[-1].validation_accuracy:.3f}"
        note += f" {self._pace.images_per_second:,.0f} images/s"
        # Set before the listener is told: it may interrupt.
        steps, self._unreported = self._unreported, 0
        self._reported = time.monotonic()
        if self._plan.clock is not None:
            steps = int(self._reported - self._told)
            self._told += steps
        if steps:
            self._task.advance(steps, note=note)

    @property
    def _of_epochs(self) -> str:
        clock = self._plan.clock
        if clock is None:
            return f"/{self._plan.settings.epochs}"
        return f", {percent(clock.share, digits=0)} of {clock.seconds:g} s,"

    def _announce_resumption(self, seconds: float) -> None:
        note = f"resumed after epoch {len(self.rows)}"
        if self.batch:
            note += f" and {self.batch} of {self._plan.batches} batches"
        done = self._plan.batches * len(self.rows) + self.batch
        if self._plan.clock is not None:
            done = int(seconds)
            self._told += done
        self._task.advance(done, note=note)

    def _must_be_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingError(
                f"training diverged: the loss became {loss:g} in epoch {len(self.rows) + 1}. Lower "
                f"`training.learning_rate`, for example to {self._plan.peak / 10:g}. "
                f"Received: learning_rate={self._plan.peak:g}"
            )

    def _checkpoint(self, now: float) -> Checkpoint:
        """Where the fit stands."""
        clock = self._plan.clock
        return Checkpoint(
            rows=self.rows,
            batch=self.batch,
            epoch_seconds=now - self._epoch_began if self.batch else 0.0,
            seconds=now - self._began,
            share=0.0 if clock is None else clock.share,
            model=values_of(self.model.variables),
            optimizer=values_of(self.model.optimizer.variables),
            metrics=values_of(self.model.metrics_variables),
            best=self.best,
        )
