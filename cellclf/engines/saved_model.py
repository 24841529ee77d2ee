"""Networks as TensorFlow's SavedModel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cellclf.network.backend import saved_function
from cellclf.specs import Params

if TYPE_CHECKING:
    import keras

__all__ = ["convert", "open_network"]


def convert(
    network: keras.Model, folder: Path, params: Params, *, metadata: Mapping[str, str]
) -> None:
    """Write a network as a SavedModel with the signature `serving_default`.

    Args:
        network: A network on TensorFlow, with named outputs.
        folder: Where to.
        params: None.
        metadata: A SavedModel has no place for it.
    """
    del params, metadata
    network.export(str(folder), format="tf_saved_model", verbose=False)


def open_network(
    folder: Path, params: Params
) -> Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]:
    """Open what `convert` wrote.

    Args:
        folder: Where it is.
        params: None.

    Returns:
        A function from `uint8` RGB images, `(n, size, size, 3)`, to the outputs by name.
    """
    del params
    return saved_function(folder)
