"""The course of a training as event files that TensorBoard opens, on every backend."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from cellclf.errors import PluginError
from cellclf.specs import CallbackContext, NoParams

__all__ = ["FOLDER", "TensorBoardLog", "make"]

FOLDER = "tensorboard"
"""Below the folder of a model's training."""

FILE_VERSION = "brain.Event:2"
"""The version from which on TensorBoard heeds the mark of a restart."""

SCALARS: Mapping[str, Mapping[str, str]] = {
    "train": {
        "loss": "cross_entropy",
        "accuracy": "accuracy",
        "learning_rate": "learning_rate",
        "images_per_second": "images_per_second",
    },
    "validation": {"loss": "val_cross_entropy", "accuracy": "val_accuracy"},
}
"""For each of the two curves of a chart: its scalars, and what the training calls them."""


def make(params: NoParams, *, context: CallbackContext) -> TensorBoardLog:
    """Make the callback of one model.

    Raises:
        PluginError: The package `tensorboard` is not installed.
    """
    del params
    try:
        return TensorBoardLog(context.training_folder / FOLDER)
    except ImportError as error:
        raise PluginError(
            "the callback 'tensorboard' must have the package tensorboard, which TensorFlow does "
            f"not bring: pip install 'cellclf[tensorboard]'. Received: {error}"
        ) from error


class TensorBoardLog(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes the scalars of each epoch, counted from 1 as in the history.

    It writes the files through the package `tensorboard` alone, without TensorFlow. A training that
    is resumed adds a file of its own, which begins with the mark of a restart: of an epoch that was
    done twice, TensorBoard shows the second.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        # Imported here: installed by who wants it.
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._event = event_pb2
        self._summary = summary_pb2
        self._record_writer = RecordWriter
        self._folder = folder
        self._begun: str | None = None

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Wait for the number of the first epoch."""
        self._begun = None

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Begin a file, with the mark that the epochs from here on are new."""
        if self._begun is not None:
            return
        now = time.time()
        self._begun = f"events.out.tfevents.{now:.0f}.{os.getpid()}.{epoch + 1}"
        restart = self._event.SessionLog(status=self._event.SessionLog.START)
        for curve in SCALARS:
            self._write(curve, self._event.Event(wall_time=now, file_version=FILE_VERSION))
            self._write(
                curve, self._event.Event(wall_time=now, step=epoch + 1, session_log=restart)
            )

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Write the scalars of an epoch; they can be seen at once."""
        seen = logs or {}
        for curve, scalars in SCALARS.items():
            summary = self._summary.Summary(
                value=[
                    self._summary.Summary.Value(tag=tag, simple_value=float(seen[name]))
                    for tag, name in scalars.items()
                ]
            )
            event = self._event.Event(wall_time=time.time(), step=epoch + 1, summary=summary)
            self._write(curve, event)

    def _write(self, curve: str, event: Any) -> None:
        path = self._folder / curve / str(self._begun)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Opened anew each time: a fit that is interrupted closes nothing.
        with path.open("ab") as file:
            self._record_writer(file).write(event.SerializeToString())
