"""Networks converted for LiteRT, and computed by it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from cellclf import Params, processor_count, without_lines

if TYPE_CHECKING:
    import keras

__all__ = ["convert", "open_network"]

FILE = "model.tflite"

ANNOUNCEMENT = re.compile(rb"INFO: ")
"""How the lines begin that the library writes to standard error each time it is opened."""


def convert(
    network: keras.Model, folder: Path, params: Params, *, metadata: Mapping[str, str]
) -> None:
    """Write a network in LiteRT's format, as `model.tflite`, in float32.

    Args:
        network: A network on TensorFlow, with named outputs.
        folder: Where to.
        params: None.
        metadata: The format has no place for text by name.
    """
    del params, metadata
    with redirect_stdout(io.StringIO()):  # Keras says where it has put what, whatever it is told
        network.export(str(folder / FILE), format="litert", verbose=False)


def open_network(
    folder: Path, params: Params
) -> Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]:
    """Open what `convert` wrote.

    Args:
        folder: Where it is.
        params: None.

    Returns:
        A function from `uint8` RGB images, `(n, size, size, 3)`, to the outputs by name. A call
        with another `n` than the one before takes longer: memory is laid out anew.
    """
    del params
    with without_lines(ANNOUNCEMENT):
        network = Interpreter(str(folder / FILE), num_threads=processor_count())
        network.allocate_tensors()
    signature = network.get_signature_runner()
    (name,) = signature.get_input_details()
    lock = Lock()

    def run(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        with lock:  # one interpreter has one set of tensors
            given = signature(**{name: images})
        return {output: np.asarray(array) for output, array in given.items()}

    return run
