"""What this distribution offers; imports no Keras."""

from __future__ import annotations

from collections.abc import Iterable

from cellclf import ModelSpec, hookimpl
from cellclf_vgg.params import VGG16Params

__all__ = ["cellclf_models"]


@hookimpl
def cellclf_models() -> Iterable[ModelSpec]:
    """Offer `vgg16`."""
    yield ModelSpec(
        name="vgg16",
        summary="VGG16 (Simonyan and Zisserman, 2015), 14.7 M parameters",
        params=VGG16Params,
        build="cellclf_vgg.network:build",
        pretrained="cellclf_vgg.network:pretrained",
        # 0 - 123.68 and 255 - 103.939: less the mean red and the mean blue of ImageNet
        pixel_range=(-123.68, 151.061),
        channel_order="bgr",
        stages=tuple(f"block{number}" for number in range(5, 0, -1)),
        explain_layer="block5_conv3",
        learning_rate=1e-4,
        min_image_size=32,
    )
