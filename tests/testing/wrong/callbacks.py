"""Callbacks with one fault each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cellclf.network.backend import prepare_backend
from cellclf.specs import CallbackContext, CallbackSpec
from tests.testing.wrong.case import Wrong

prepare_backend()

from keras.callbacks import Callback, LambdaCallback  # noqa: E402  after prepare_backend

__all__ = ["RIGHT", "WRONG"]


class Diary(Callback):  # type: ignore[misc]
    """A line an epoch."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{epoch} {logs['val_cross_entropy']:.3f}\n")


class Pushing(Callback):  # type: ignore[misc]
    """Changes a weight where nobody looks."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        variable = self.model.trainable_variables[0]
        variable.assign(variable + 1e-3)


class Stopping(Callback):  # type: ignore[misc]
    """Knows better when to stop."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.stop_training = True


def diary(params: Any, *, context: CallbackContext) -> Callback:
    """What is right: a file in the folder of the training."""
    folder = context.training_folder / "diary"
    folder.mkdir(exist_ok=True)
    return Diary(folder / "diary.txt")


def pushing(params: Any, *, context: CallbackContext) -> Callback:
    return Pushing()


def stopping(params: Any, *, context: CallbackContext) -> Callback:
    return Stopping()


def expecting(params: Any, *, context: CallbackContext) -> Callback:
    return LambdaCallback(on_epoch_end=lambda epoch, logs: logs["val_auc"])


def here(params: Any, *, context: CallbackContext) -> Callback:
    return Diary(Path("diary.txt"))


def beside(params: Any, *, context: CallbackContext) -> Callback:
    return Diary(context.run_directory / "diary.txt")


def once(params: Any, *, context: CallbackContext) -> Callback:
    file = context.training_folder / "diary.txt"
    file.touch(exist_ok=False)
    return Diary(file)


def a_name(params: Any, *, context: CallbackContext) -> str:
    return "diary"


def _spec(function: str) -> CallbackSpec:
    return CallbackSpec(name=function, summary="For a test", make=f"{__name__}:{function}")


RIGHT = _spec("diary")

SLOW = ("stopping", "expecting", "beside")

WRONG = tuple(
    Wrong(fault=fault, check=check, spec=_spec(function), slow=function in SLOW)
    for fault, check, function in (
        ("it changes weights", "training_is_only_watched", "pushing"),
        ("it stops the training", "training_is_only_watched", "stopping"),
        ("it wants what there is not", "training_is_only_watched", "expecting"),
        ("it writes where it stands", "files_stay_in_its_folder", "here"),
        ("it writes beside the run's files", "files_stay_in_its_folder", "beside"),
        ("it cannot go on", "resumed_training_is_watched", "once"),
        ("no callback comes back", "watches_as_a_keras_callback", "a_name"),
    )
)
