"""Callbacks of plugins: called as Keras calls its own, blamed by name, and held to watching."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import keras

from cellclf.chosen import Chosen, blamed
from cellclf.errors import PluginError
from cellclf.specs import CallbackContext, CallbackSpec
from cellclf.training.checkpoint import values_of

__all__ = ["Watcher", "watchers"]

Logs = Mapping[str, Any] | None


class Watcher(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback of a plugin, which may look at everything and change nothing.

    Whatever it raises becomes a `PluginError` with its name. So does what would change the numbers:
    asking for an end of the training, at any call; and weights, or a state of the optimiser, that
    are others after a call than before. The second is held against copies, which waits for the
    accelerator, and is therefore done where training and epochs begin and where epochs end, not at
    batches or while validating.

    Args:
        callback: What is called.
        name: What messages call it, such as `callback 'csv' of somebody 1.0`.
    """

    def __init__(self, callback: keras.callbacks.Callback, name: str) -> None:
        super().__init__()
        self._callback = callback
        self._name = name

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Hand on the number of epochs and of steps."""
        super().set_params(params)
        self._call("set_params", params)

    def set_model(self, model: keras.Model) -> None:
        """Hand on the model."""
        super().set_model(model)
        self._call("set_model", model)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Hand on that training begins, or goes on."""
        self._compare("on_train_begin", _own(logs))

    def on_train_end(self, logs: Logs = None) -> None:
        """Hand on that training is done."""
        self._call("on_train_end", _own(logs))

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Hand on that an epoch begins; its number counts from 0, resumed or not."""
        self._compare("on_epoch_begin", epoch, _own(logs))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Hand on how an epoch went."""
        self._compare("on_epoch_end", epoch, _own(logs))

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Hand on that a step begins."""
        self._call("on_train_batch_begin", batch, _own(logs))

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Hand on a step; its losses stay on the accelerator until the callback reads them."""
        self._call("on_train_batch_end", batch, _own(logs))

    def on_test_begin(self, logs: Logs = None) -> None:
        """Hand on that validation begins."""
        self._call("on_test_begin", _own(logs))

    def on_test_end(self, logs: Logs = None) -> None:
        """Hand on that validation is done."""
        self._call("on_test_end", _own(logs))

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Hand on that a batch is about to be validated."""
        self._call("on_test_batch_begin", batch, _own(logs))

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Hand on that a batch is validated."""
        self._call("on_test_batch_end", batch, _own(logs))

    def _compare(self, method: str, *arguments: Any) -> None:
        before = self._state()
        self._call(method, *arguments)
        if self._state() != before:
            raise PluginError(
                f"{self._name} must only watch. Received: other weights, or another state of the "
                f"optimiser, after its `{method}` than before. Leave it out of `training.callbacks`"
            )

    def _call(self, method: str, *arguments: Any) -> None:
        stopping = getattr(self.model, "stop_training", False)
        goes_on = "The run goes on from its last checkpoint once that is mended"
        with blamed(f"`{method}` of the {self._name}", advice=goes_on):
            getattr(self._callback, method)(*arguments)
        if getattr(self.model, "stop_training", False) != stopping:
            raise PluginError(
                f"{self._name} must only watch. Received: it asked, in its `{method}`, for the "
                "training to stop. Set `training.early_stopping` and `training.patience` instead"
            )

    def _state(self) -> tuple[int, ...]:
        variables = [*self.model.variables, *self.model.optimizer.variables]
        return tuple(zlib.crc32(value.tobytes()) for value in values_of(variables))


def watchers(
    callbacks: Mapping[str, Chosen[CallbackSpec]], context: CallbackContext
) -> tuple[Watcher, ...]:
    """Make the callbacks of one model's training.

    Raises:
        PluginError: One of them cannot be imported or made, or is no Keras callback.
    """
    made = []
    for chosen in callbacks.values():
        callback = chosen.function("make")(chosen.params, context=context)
        if not isinstance(callback, keras.callbacks.Callback):
            raise PluginError(
                f"`make` of the {chosen.called} must return a keras.callbacks.Callback. "
                f"Received: {type(callback).__name__}"
            )
        made.append(Watcher(callback, chosen.called))
    return tuple(made)


def _own(logs: Logs) -> dict[str, Any]:
    """A copy, so that no callback changes what the next one, or the training, is told."""
    return dict(logs or {})
