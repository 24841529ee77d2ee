"""What can be set about the sets of this plugin."""

from __future__ import annotations

from pydantic import Field

from cellclf import Params

__all__ = ["DemoParams"]


class DemoParams(Params):
    """What the rendered set holds."""

    images_per_class: int = Field(
        default=120, ge=1, le=10_000, description="Pictures rendered of each class."
    )
    image_size: int = Field(
        default=128,
        ge=32,
        le=512,
        description="Height and width of a picture in pixels; the field shown is always 32 um.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        description="Which cells are rendered; apart from the experiment's own seed.",
    )
