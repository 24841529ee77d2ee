"""The callback: one training is one run of MLflow, however often it is stopped and goes on."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from cellclf import CallbackContext
from cellclf_mlflow.plugin import MlflowParams

__all__ = ["RUN_FILE", "MlflowLog", "make"]

RUN_FILE = "mlflow_run.txt"
"""In the folder of the training: which run of MLflow it goes on in."""

JUDGED_BY = "val_cross_entropy"
"""The best epoch has the lowest of it, as in cellclf's own history."""


def make(params: MlflowParams, *, context: CallbackContext) -> MlflowLog:
    """Make the callback of one model, and its run of MLflow where there is none yet."""
    # MLflow asks for it where the store is a folder.
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    # Imported here: only a training needs it.
    from mlflow import MlflowClient

    default = (context.run_directory / "mlflow").absolute().as_uri()
    client = MlflowClient(tracking_uri=params.store or default)
    noted = context.training_folder / RUN_FILE
    if noted.exists():
        return MlflowLog(client, noted.read_text(encoding="utf-8"))
    known = client.get_experiment_by_name(params.experiment)
    experiment = known.experiment_id if known else client.create_experiment(params.experiment)
    run = client.create_run(experiment, run_name=context.label).info.run_id
    noted.write_text(run, encoding="utf-8")
    client.log_param(run, "architecture", context.architecture)
    client.log_param(run, "classes", ", ".join(context.classes))
    model = context.experiment["models"][context.label]["params"]
    for section, table in (("training", context.experiment["training"]), ("model", model)):
        for name, value in _flat(table, section):
            client.log_param(run, name, value)
    return MlflowLog(client, run)


class MlflowLog(keras.callbacks.Callback):  # type: ignore[misc]
    """Logs each epoch once, counted from 1."""

    def __init__(self, client: Any, run: str) -> None:
        super().__init__()
        self._client = client
        self._run = run
        history = client.get_metric_history(run, JUDGED_BY)
        self._judged = {metric.step: metric.value for metric in history}

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Log an epoch, unless it was logged before a stop: it had the same numbers then."""
        if epoch + 1 in self._judged or not logs:
            return
        for name in sorted(logs, key=JUDGED_BY.__eq__):  # last: with it, the epoch is complete
            self._client.log_metric(self._run, name, float(logs[name]), step=epoch + 1)
        self._judged[epoch + 1] = float(logs[JUDGED_BY])

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Say which epoch was the best, and that the run is over."""
        best = min(self._judged, key=lambda epoch: (self._judged.get(epoch, math.inf), epoch))
        self._client.set_tag(self._run, "best_epoch", str(best))
        self._client.set_terminated(self._run)


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}.{name}")
        else:
            yield f"{prefix}.{name}", value
