"""What this distribution offers; imports no Keras."""

from __future__ import annotations

from collections.abc import Iterable

from cellclf import ModelSpec, hookimpl
from cellclf_efficientnet.params import EfficientNetB4Params

__all__ = ["cellclf_models"]


@hookimpl
def cellclf_models() -> Iterable[ModelSpec]:
    """Offer `efficientnet_b4`."""
    yield ModelSpec(
        name="efficientnet_b4",
        summary="EfficientNetB4 (Tan and Le, 2019), 17.7 M parameters",
        params=EfficientNetB4Params,
        build="cellclf_efficientnet.network:build",
        pretrained="cellclf_efficientnet.network:pretrained",
        # ((0 - 0.485) / 0.229, (1 - 0.406) / 0.225): ImageNet's mean and deviation of red and blue
        pixel_range=(-2.1179, 2.64),
        stages=("top_", *(f"block{number}" for number in range(7, 0, -1)), "stem_"),
        explain_layer="top_activation",
        learning_rate=1e-3,
        min_image_size=32,
    )
