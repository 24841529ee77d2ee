"""Callbacks as somebody's plugin would bring them, good ones and bad ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import keras
from pydantic import Field

from cellclf.specs import CallbackContext, CallbackSpec, NoParams, Params

__all__ = [
    "EMPTY",
    "FAULTY",
    "NOTING",
    "Noting",
    "NotingParams",
    "make_faulty",
    "make_nothing",
    "make_noting",
]


class NotingParams(Params):
    """Parameters of `noting`."""

    name: str = Field("noted", description="Name of the file it writes.")


class Noting(keras.callbacks.Callback):  # type: ignore[misc]
    """Adds a line to a file at the end of each epoch."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{epoch} {self.params['epochs']} {' '.join(sorted(logs))}\n")


def make_noting(params: NotingParams, *, context: CallbackContext) -> Noting:
    """A callback that draws random numbers too, which must not matter."""
    keras.utils.set_random_seed(12345)
    return Noting(context.training_folder / params.name)


def make_faulty(params: NoParams, *, context: CallbackContext) -> keras.callbacks.Callback:
    """A callback that fails at the end of the first epoch."""
    return keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: 1 / 0)


def make_nothing(params: NoParams, *, context: CallbackContext) -> Literal["nothing"]:
    """No callback at all."""
    return "nothing"


NOTING = CallbackSpec(
    name="noting", summary="For a test", make="tests.watching:make_noting", params=NotingParams
)
FAULTY = CallbackSpec(name="faulty", summary="For a test", make="tests.watching:make_faulty")
EMPTY = CallbackSpec(name="empty", summary="For a test", make="tests.watching:make_nothing")
