"""Networks converted for OpenVINO, and computed by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import openvino
from numpy.typing import NDArray

from cellclf import Params

if TYPE_CHECKING:
    import keras

__all__ = ["convert", "open_network"]

FILE = "model.xml"

SETTINGS = {
    # One request at a time uses every processor: images of one batch are what is divided.
    "PERFORMANCE_HINT": "LATENCY",
    # Left to itself it computes in bfloat16 where the processor can, with three digits.
    "INFERENCE_PRECISION_HINT": "f32",
}


def convert(
    network: keras.Model, folder: Path, params: Params, *, metadata: Mapping[str, str]
) -> None:
    """Write a network in OpenVINO's format, `model.xml` and `model.bin`.

    By way of a SavedModel: `network.export(format="openvino")` keeps changes of layout that make
    a large network slower than Keras.

    Args:
        network: A network on TensorFlow, with named outputs.
        folder: Where to.
        params: None.
        metadata: Kept as runtime information below `cellclf`.
    """
    del params
    with TemporaryDirectory() as saved:
        network.export(saved, format="tf_saved_model", verbose=False)
        model = openvino.convert_model(saved)
    for name, value in metadata.items():
        model.set_rt_info(value, ["cellclf", name])
    openvino.save_model(model, folder / FILE, compress_to_fp16=False)


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
    compiled = openvino.Core().compile_model(folder / FILE, "CPU", SETTINGS)
    names = {output: output.get_any_name() for output in compiled.outputs}

    def run(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        given = compiled(np.ascontiguousarray(images))
        return {name: np.asarray(given[output]) for output, name in names.items()}

    return run
