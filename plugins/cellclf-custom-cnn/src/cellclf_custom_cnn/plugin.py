"""What this distribution offers; imports no Keras."""

from __future__ import annotations

from collections.abc import Iterable

from cellclf import ModelSpec, hookimpl
from cellclf_custom_cnn.params import CustomCNNParams

__all__ = ["cellclf_models"]


@hookimpl
def cellclf_models() -> Iterable[ModelSpec]:
    """Offer `custom_cnn`."""
    yield ModelSpec(
        name="custom_cnn",
        summary="A small residual network for training from nothing on a processor",
        params=CustomCNNParams,
        build="cellclf_custom_cnn.network:build",
        pretrained="cellclf_custom_cnn.network:pretrained",
        starts_from="cellclf_custom_cnn.params:starts_from",
        pixel_range=(-1.0, 1.0),
        stages=("stage_4", "stage_3", "stage_2", "stage_1", "stem"),
        explain_layer="stage_4_relu",
        learning_rate=4e-3,
        min_image_size=16,
    )
