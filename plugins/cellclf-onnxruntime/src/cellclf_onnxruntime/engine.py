"""Networks computed by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from cellclf import Params, processor_count

__all__ = ["FILE", "open_network"]

FILE = "model.onnx"
ERRORS = 3
"""Least severity that ONNX Runtime writes to the terminal."""


def open_network(
    folder: Path, params: Params
) -> Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]:
    """Open a network in the format ONNX.

    Args:
        folder: Where it is, as `model.onnx`.
        params: None.

    Returns:
        A function from `uint8` RGB images, `(n, size, size, 3)`, to the outputs by name.
    """
    del params
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS
    options.intra_op_num_threads = processor_count()
    session = onnxruntime.InferenceSession(
        str(folder / FILE), options, providers=["CPUExecutionProvider"]
    )
    (images_name,) = (entry.name for entry in session.get_inputs())
    names = [output.name for output in session.get_outputs()]

    def run(images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        given = session.run(names, {images_name: images})
        return dict(zip(names, given, strict=True))

    return run
