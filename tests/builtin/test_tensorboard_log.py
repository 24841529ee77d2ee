from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cellclf.builtin.tensorboard_log import FOLDER, TensorBoardLog, make
from cellclf.errors import PluginError
from cellclf.specs import CallbackContext, NoParams

LOGS = {"cross_entropy": 0.5, "accuracy": 0.75, "learning_rate": 0.01, "images_per_second": 80.0}


def context(folder: Path) -> CallbackContext:
    return CallbackContext(
        label="net",
        architecture="net",
        run_directory=folder,
        training_folder=folder,
        experiment={},
        classes=("round", "long"),
        epochs=4,
        steps_per_epoch=2,
    )


def logged(folder: Path, *epochs: int, loss: float) -> None:
    """Write some epochs as one sitting of a training does."""
    callback: TensorBoardLog = make(NoParams(), context=context(folder))
    callback.on_train_begin()
    for epoch in epochs:
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {**LOGS, "val_cross_entropy": loss, "val_accuracy": 0.5})


def read(folder: Path, curve: str) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard itself reads."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = accumulator.EventAccumulator(str(folder / FOLDER / curve))
    found.Reload()
    return {
        tag: [(one.step, one.value) for one in found.Scalars(tag)]
        for tag in found.Tags()["scalars"]
    }


def test_tensorboard_reads_every_scalar_of_every_epoch(tmp_path: Path) -> None:
    folder = tmp_path / "sous-dossier é"
    logged(folder, 0, 1, loss=0.25)
    assert read(folder, "validation") == {
        "loss": [(1, 0.25), (2, 0.25)],
        "accuracy": [(1, 0.5), (2, 0.5)],
    }
    trained = read(folder, "train")
    assert set(trained) == {"loss", "accuracy", "learning_rate", "images_per_second"}
    assert trained["images_per_second"] == [(1, 80.0), (2, 80.0)]


def test_a_resumed_training_adds_to_the_log_and_an_epoch_done_again_counts_once(
    tmp_path: Path,
) -> None:
    logged(tmp_path, 0, 1, loss=0.5)
    logged(tmp_path, 1, 2, loss=0.25)
    assert read(tmp_path, "validation")["loss"] == [(1, 0.5), (2, 0.25), (3, 0.25)]


def test_without_the_package_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto", None)
    with pytest.raises(PluginError, match=r"pip install 'cellclf\[tensorboard\]'"):
        make(NoParams(), context=context(tmp_path))
