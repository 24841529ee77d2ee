"""What this distribution offers; imports no OpenVINO."""

from __future__ import annotations

from collections.abc import Iterable

from cellclf import EngineSpec, hookimpl

__all__ = ["cellclf_engines"]


@hookimpl
def cellclf_engines() -> Iterable[EngineSpec]:
    """Offer `openvino`."""
    yield EngineSpec(
        name="openvino",
        summary="OpenVINO on a processor, in float32",
        convert="cellclf_openvino.engine:convert",
        open="cellclf_openvino.engine:open_network",
        requires=("openvino",),
        file="model.xml",
    )
