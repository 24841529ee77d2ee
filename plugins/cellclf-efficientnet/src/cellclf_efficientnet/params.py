"""What an experiment may set of EfficientNetB4."""

from __future__ import annotations

from pydantic import Field

from cellclf import Params

__all__ = ["EfficientNetB4Params"]


class EfficientNetB4Params(Params):
    """Parameters of `efficientnet_b4`."""

    weights: str = Field(
        "none",
        min_length=1,
        description="'none' (random), 'imagenet' (downloaded), or a file as Keras publishes it, "
        "without the classification layers.",
    )
    dropout: float = Field(
        0.3, ge=0, lt=1, description="Share of features dropped before the last layer in training."
    )
    head_units: int = Field(
        0, ge=0, le=8192, description="Width of a dense layer before the last one; 0 for none."
    )
