from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from cellclf.errors import PluginError
from cellclf.settings import TrainingSettings
from cellclf.training.checkpoint import values_of
from cellclf.training.fit import fit
from cellclf.training.history import HISTORY_NAME, History
from cellclf.training.watching import Watcher

SETTINGS = TrainingSettings(epochs=3, batch_size=8)


@pytest.fixture
def watch(
    toy: Any, network: Callable[..., keras.Model], tmp_path: Path, listener: Any
) -> Callable[..., tuple[History, keras.Model]]:
    def train(
        *callbacks: keras.callbacks.Callback,
        directory: str = "fit",
        heard: Any = listener,
        settings: TrainingSettings = SETTINGS,
    ) -> tuple[History, keras.Model]:
        model = network()
        history = fit(
            model,
            toy.batches(),
            validation=toy.validation,
            settings=settings,
            learning_rate=0.02,
            directory=tmp_path / directory,
            progress=heard,
            checkpoint_every=0,
            watchers=[Watcher(callback, "callback 'mine' of me 1.0") for callback in callbacks],
        )
        return history, model

    return train


class Everything(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes down every call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.logs: dict[str, Any] = {}

    def on_train_begin(self, logs: Any = None) -> None:
        self.calls.append("train begins")

    def on_train_end(self, logs: Any = None) -> None:
        self.calls.append("train ends")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.calls.append(f"epoch {epoch} begins")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.calls.append(f"batch {batch} loss {float(logs['loss']) > 0}")

    def on_test_end(self, logs: Any = None) -> None:
        self.calls.append("test ends")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.calls.append(f"epoch {epoch} ends")
        self.logs = logs


def test_a_callback_is_called_in_the_order_of_keras_and_told_of_rate_and_speed(
    watch: Any, toy: Any
) -> None:
    mine = Everything()
    history, _ = watch(mine)
    batches = [f"batch {number} loss True" for number in range(len(toy.batches()))]
    epochs = [
        call
        for epoch in range(3)
        for call in (f"epoch {epoch} begins", *batches, "test ends", f"epoch {epoch} ends")
    ]
    assert mine.calls == ["train begins", *epochs, "train ends"]
    last = history.rows[-1]
    assert mine.logs["learning_rate"] == last.learning_rate
    assert mine.logs["images_per_second"] == last.images_per_second > 0
    assert mine.logs["val_cross_entropy"] == last.validation_loss
    assert mine.params == {"epochs": 3, "steps": len(toy.batches()), "verbose": 0}


def test_callbacks_change_no_number(watch: Any, tmp_path: Path) -> None:
    alone, bare = watch(directory="alone")
    ours, seen = watch(Everything(), keras.callbacks.CSVLogger(str(tmp_path / "log.csv")))
    drop = ["seconds", "images_per_second"]
    pd.testing.assert_frame_equal(alone.table.drop(columns=drop), ours.table.drop(columns=drop))
    for one, other in zip(values_of(bare.weights), values_of(seen.weights), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_callbacks_of_keras_work_as_they_are(watch: Any, tmp_path: Path) -> None:
    noted: list[int] = []
    history, _ = watch(
        keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
        keras.callbacks.TensorBoard(str(tmp_path / "board"), write_steps_per_second=True),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: noted.append(epoch)),
    )
    with (tmp_path / "log.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == noted == [0, 1, 2]
    assert float(rows[-1]["val_accuracy"]) == history.rows[-1].validation_accuracy
    assert list((tmp_path / "board" / "validation").glob("*tfevents*"))


def test_a_resumed_fit_announces_the_true_epochs_and_keeps_the_history_whole(
    watch: Any, toy: Any, tmp_path: Path, new_listener: Any
) -> None:
    with pytest.raises(KeyboardInterrupt):
        watch(heard=new_listener(interrupt_after=len(toy.batches()) + 1))
    assert list(pd.read_csv(tmp_path / "fit" / HISTORY_NAME)["epoch"]) == [1]
    mine = Everything()
    watch(mine)
    begun = [call for call in mine.calls if call.endswith("begins")]
    assert begun == ["train begins", "epoch 1 begins", "epoch 2 begins"]
    assert list(pd.read_csv(tmp_path / "fit" / HISTORY_NAME)["epoch"]) == [1, 2, 3]


def test_a_callback_that_raises_ends_the_fit_with_its_name(watch: Any) -> None:
    faulty = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: 1 / 0)
    with pytest.raises(PluginError, match=r"`on_epoch_end` of the callback 'mine' of me 1.0"):
        watch(faulty)


def test_a_callback_that_raises_is_let_through_for_its_author(
    watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELLCLF_PLUGIN_ERRORS", "raise")
    with pytest.raises(ZeroDivisionError):
        watch(keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: 1 / 0))


def test_a_callback_may_not_stop_the_training(watch: Any) -> None:
    stopping = keras.callbacks.EarlyStopping("accuracy", mode="min", patience=0)
    with pytest.raises(PluginError, match=r"asked, in its `on_epoch_end`, for the training to"):
        watch(stopping)


class Meddling(keras.callbacks.Callback):  # type: ignore[misc]
    """Changes the weights."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        weight = self.model.trainable_variables[0]
        weight.assign(weight * 0.5)


def test_a_callback_may_not_change_the_weights(watch: Any) -> None:
    with pytest.raises(PluginError, match=r"other weights.*after its `on_epoch_begin`"):
        watch(Meddling())


def test_a_callback_cannot_change_what_the_next_one_is_told(watch: Any) -> None:
    mine = Everything()
    watch(keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.clear()), mine)
    assert "loss" in mine.logs
