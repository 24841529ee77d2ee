"""Networks converted for LiteRT, and computed by it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from cellclf import Params, processor_count

if TYPE_CHECKING:
    import keras

__all__ = ["convert", "open_network"]

FILE = "model.tflite"


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
    with _without_announcement():
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


@contextmanager
def _without_announcement() -> Iterator[None]:
    """Hold back what the library writes to standard error by itself each time it is opened."""
    try:
        kept = os.dup(2)
    except OSError:  # no standard error at all, as under pythonw
        yield
        return
    sys.stderr.flush()
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
