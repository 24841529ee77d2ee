"""What this distribution offers; imports no LiteRT."""

from __future__ import annotations

from collections.abc import Iterable

from cellclf import EngineSpec, hookimpl

__all__ = ["cellclf_engines"]


@hookimpl
def cellclf_engines() -> Iterable[EngineSpec]:
    """Offer `litert`."""
    yield EngineSpec(
        name="litert",
        summary="LiteRT, which was TensorFlow Lite, on a processor, in float32",
        convert="cellclf_litert.engine:convert",
        open="cellclf_litert.engine:open_network",
        requires=("ai-edge-litert",),
        file="model.tflite",
        # For telephones and small boards, and slow to convert.
        candidate=False,
    )
