"""What an experiment may set of VGG16."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cellclf import Params

__all__ = ["VGG16Params"]


class VGG16Params(Params):
    """Parameters of `vgg16`."""

    weights: str = Field(
        "none",
        min_length=1,
        description="'none' (random), 'imagenet' (downloaded), or a file as Keras publishes it, "
        "without the classification layers.",
    )
    pooling: Literal["avg", "flatten"] = Field(
        "avg",
        description="How the last feature map becomes a vector: its mean over the image, or all "
        "of it.",
    )
    head_units: tuple[Annotated[int, Field(ge=1, le=8192)], ...] = Field(
        (256,), description="Widths of the dense layers before the last one; () for none."
    )
    dropout: float = Field(
        0.5, ge=0, lt=1, description="Share of units dropped after each of them in training."
    )
