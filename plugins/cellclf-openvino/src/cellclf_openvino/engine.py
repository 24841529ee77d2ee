"""Networks converted for OpenVINO, and computed by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino
from numpy.typing import NDArray

from cellclf import Params, processor_count

if TYPE_CHECKING:
    import keras

__all__ = ["convert", "open_network"]

FILE = "model.xml"

# Left to itself it computes in bfloat16 where the processor can, with three digits.
PRECISION = {"INFERENCE_PRECISION_HINT": "f32"}

PIECE = 8
"""Images of one request where several are under way: enough to keep a processor busy, and few
enough for what a layer gives to stay in its cache."""

Run = Callable[[NDArray[np.uint8]], Mapping[str, NDArray[np.float32]]]


def convert(
    network: keras.Model, folder: Path, params: Params, *, metadata: Mapping[str, str]
) -> None:
    """Write a network in OpenVINO's format, `model.xml` and `model.bin`.

    By way of a SavedModel: `network.export(format="openvino")` keeps changes of layout that make
    a large network slower than Keras. It is read by the runtime itself: the converter
    (`openvino.convert_model`) reports its use to Intel over the network.

    Args:
        network: A network on TensorFlow, with named outputs.
        folder: Where to.
        params: None.
        metadata: Kept as runtime information below `cellclf`.
    """
    del params
    with TemporaryDirectory() as saved:
        network.export(saved, format="tf_saved_model", verbose=False)
        model = openvino.Core().read_model(saved)
        for name, value in metadata.items():
            model.set_rt_info(value, ["cellclf", name])
        openvino.save_model(model, folder / FILE, compress_to_fp16=False)


def open_network(folder: Path, params: Params) -> Run:
    """Open what `convert` wrote.

    Args:
        folder: Where it is.
        params: None.

    Returns:
        A function from `uint8` RGB images, `(n, size, size, 3)`, to the outputs by name. Threads
        that call it at once wait for each other.
    """
    del params
    return _Network(folder / FILE)


class _Network:
    """Few images are divided among the processors; of many, each processor takes some."""

    def __init__(self, file: Path) -> None:
        self._core = openvino.Core()
        self._model = self._core.read_model(file)
        self._lock = Lock()

    def __call__(self, images: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float32]]:
        images = np.ascontiguousarray(images)
        # A compiled network has one request, and the queue one callback: pieces of two calls would
        # be mixed. Nothing is lost by waiting, as one call keeps all processors busy.
        with self._lock:
            if len(images) > PIECE:
                return self._in_pieces(images)
            given = self._divided(images)
            return {output.get_any_name(): given[output] for output in self._divided.outputs}

    def _in_pieces(self, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        found: dict[str, NDArray[np.float32]] = {}
        pieces: dict[int, Mapping[str, NDArray[np.float32]]] = {}

        def take(request: Any, start: int) -> None:
            pieces[start] = {
                output.get_any_name(): np.array(value) for output, value in request.results.items()
            }

        self._queue.set_callback(take)
        for start in range(0, len(images), PIECE):
            self._queue.start_async({0: images[start : start + PIECE]}, start)
        self._queue.wait_all()
        for name in pieces[0]:
            found[name] = np.concatenate([pieces[start][name] for start in sorted(pieces)])
        return found

    @cached_property
    def _divided(self) -> Any:
        return self._compiled("LATENCY")

    @cached_property
    def _queue(self) -> Any:
        return openvino.AsyncInferQueue(self._compiled("THROUGHPUT"))

    def _compiled(self, hint: str) -> Any:
        settings = {
            **PRECISION,
            "PERFORMANCE_HINT": hint,
            "INFERENCE_NUM_THREADS": processor_count(),
        }
        return self._core.compile_model(self._model, "CPU", settings)
