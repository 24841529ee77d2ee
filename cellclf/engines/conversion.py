"""Calling what an engine's plugin brings: writing a network in its format, and opening that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cellclf.errors import CellclfError, EngineError
from cellclf.network.backend import meant
from cellclf.registry import Offer
from cellclf.specs import EngineSpec, resolve

if TYPE_CHECKING:
    import keras

__all__ = ["CONVERTIBLE", "Run", "convert", "opened", "require_convertible", "versions_of"]

CONVERTIBLE = "tensorflow"
"""The backend that runtimes can read the networks of."""

Run = Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]


def versions_of(offer: Offer[EngineSpec]) -> dict[str, str]:
    """Return the versions of an engine and of what it computes with, by distribution.

    Raises:
        EngineError: Something that it computes with is not installed.
    """
    found = {offer.distribution: offer.version}
    for distribution in offer.spec.requires:
        try:
            found[distribution] = version(distribution)
        except PackageNotFoundError:
            raise EngineError(
                f"engine {offer.spec.name!r} needs {distribution}: pip install {distribution}"
            ) from None
    return found


def require_convertible(what: str) -> None:
    """Make sure that networks are on the backend that can be converted; imports no Keras.

    Args:
        what: What is to be made, such as `engine 'openvino'`.

    Raises:
        EngineError: They are on another.
    """
    backend = meant()
    if backend != CONVERTIBLE:
        raise EngineError(
            f"{what} is made from a network on {CONVERTIBLE}, once for each model. "
            f"Received: KERAS_BACKEND={backend}. Set it to {CONVERTIBLE}"
        )


def convert(
    spec: EngineSpec, network: keras.Model, folder: Path, *, metadata: Mapping[str, str]
) -> None:
    """Let an engine write a network.

    Args:
        spec: The engine.
        network: Takes `uint8` images, gives named outputs.
        folder: Where to; it is there, and empty.
        metadata: Text by name.

    Raises:
        EngineError: It cannot.
    """
    try:
        resolve(spec.convert)(network, folder, spec.params(), metadata=metadata)
    except CellclfError:
        raise
    except Exception as error:
        raise EngineError(
            f"engine {spec.name!r} cannot convert this network: {_in_one_line(error)}"
        ) from error


def opened(spec: EngineSpec, folder: Path) -> Run:
    """Open what `convert` wrote.

    Raises:
        EngineError: It cannot be opened.
    """
    try:
        run: Run = resolve(spec.open)(folder, spec.params())
    except CellclfError:
        raise
    except Exception as error:
        raise EngineError(
            f"engine {spec.name!r} cannot open the network that it converted: {_in_one_line(error)}"
        ) from error
    return run


def _in_one_line(error: Exception) -> str:
    """What an exception says: converters speak in pages."""
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
