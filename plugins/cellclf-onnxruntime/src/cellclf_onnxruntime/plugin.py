"""What this distribution offers; imports no ONNX."""

from __future__ import annotations

from collections.abc import Iterable

from cellclf import EngineSpec, hookimpl

__all__ = ["cellclf_engines"]


@hookimpl
def cellclf_engines() -> Iterable[EngineSpec]:
    """Offer `onnxruntime`, whose format is `onnx`."""
    yield EngineSpec(
        name="onnxruntime",
        summary="ONNX Runtime on a processor, in float32",
        convert="cellclf_onnxruntime.conversion:convert",
        open="cellclf_onnxruntime.engine:open_network",
        requires=("onnxruntime", "onnx", "tf2onnx"),
        file="model.onnx",
        format="onnx",
    )
