"""Weights that others trained: fetched, or read from a file, and put into a network by layer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

import keras

from cellclf.errors import TrainingError

__all__ = ["copy_weights", "published_network"]

PATIENCE_SECONDS = 15.0
"""How long a server may keep silent before a download is given up."""


def published_network(
    application: Callable[..., keras.Model], *, weights: str, address: str
) -> keras.Model:
    """Return a network of `keras.applications`, without its head, with trained weights.

    Args:
        application: Such as `keras.applications.VGG16`.
        weights: `"imagenet"`, which Keras downloads once and keeps, or the path of a weights file
            for `application(include_top=False)`, as Keras publishes it or as `save_weights` wrote
            it.
        address: Where the ImageNet weights can be had, for the message when they cannot.

    Raises:
        TrainingError: The download failed, or the file is missing or of another network.
    """
    if weights == "imagenet":
        try:
            with _patience(PATIENCE_SECONDS), redirect_stdout(StringIO()):
                return application(include_top=False, weights="imagenet")
        except Exception as error:
            raise TrainingError(
                f"the ImageNet weights could not be fetched: {error}. Either train from random "
                f"weights (weights='none'), or fetch {address} where there is a network and give "
                "the file's path as `weights`"
            ) from error
    path = Path(weights).expanduser()
    if not path.is_file():
        raise TrainingError(
            "`weights` must be 'none', 'imagenet' or an existing file. "
            f"Received: weights={weights!r}"
        )
    source = application(include_top=False, weights=None)
    try:
        source.load_weights(path)
    except Exception as error:
        raise TrainingError(
            f"`weights` must be a file with the weights of {source.name} without its "
            f"classification layers, such as {address}. "
            f"Received: weights={weights!r}, which does not fit: {_first_line(error)}"
        ) from error
    return source


def copy_weights(
    source: keras.Model, model: keras.Model, *, leave_out: Collection[str] = ()
) -> None:
    """Copy the variables of every layer of `source` to the layer of that name in `model`.

    Args:
        source: Where from; each of its layers with variables must be in `model`.
        model: Where to; its other layers stay as they are.
        leave_out: Names of layers of `source` that are not copied.

    Raises:
        TrainingError: `model` lacks a layer, or its variables have other shapes.
    """
    targets = {layer.name: layer for layer in model.layers}
    for layer in source.layers:
        if not layer.weights or layer.name in leave_out:
            continue
        target = targets.get(layer.name)
        wanted = [tuple(variable.shape) for variable in layer.weights]
        found = [tuple(variable.shape) for variable in target.weights] if target else None
        if target is None or found != wanted:
            raise TrainingError(
                f"layer {layer.name!r} of model {model.name!r} must hold variables of the shapes "
                f"{wanted}, as in {source.name!r}. Received: {found}"
            )
        target.set_weights(layer.get_weights())


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Keras gives its downloads no time limit, so a silent server would hold a run for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
