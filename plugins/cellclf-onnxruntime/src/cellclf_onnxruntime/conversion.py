"""Networks written in the format ONNX."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import onnx
from tf2onnx import tf_loader
from tf2onnx.convert import from_graph_def

from cellclf import Params
from cellclf_onnxruntime.engine import FILE

if TYPE_CHECKING:
    import keras

__all__ = ["OPSET", "convert"]

OPSET = 17
"""Version of the operators: of 2022, so that older runtimes can read it too."""

SIGNATURE = "serving_default"
BATCH = "batch"


def convert(
    network: keras.Model, folder: Path, params: Params, *, metadata: Mapping[str, str]
) -> None:
    """Write a network in the format ONNX, as `model.onnx`.

    By way of a SavedModel: `network.export(format="onnx")` makes constants of a normalisation
    inputs that nobody can fill.

    Args:
        network: A network on TensorFlow, with named outputs.
        folder: Where to.
        params: None.
        metadata: Kept as properties of the model.
    """
    del params
    with TemporaryDirectory() as saved, _quiet():
        network.export(saved, format="tf_saved_model", verbose=False)
        graph, inputs, outputs, names = tf_loader.from_saved_model(
            saved, None, None, tag="serve", signatures=[SIGNATURE], return_tensors_to_rename=True
        )
        model, _ = from_graph_def(
            graph,
            name=network.name,
            input_names=inputs,
            output_names=outputs,
            tensors_to_rename=names,
            opset=OPSET,
        )
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model)
    onnx.save(model, folder / FILE)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what the converter has to say while all goes well, of old functions of its own."""
    loggers = [logging.getLogger(name) for name in ("tf2onnx", "tensorflow")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
