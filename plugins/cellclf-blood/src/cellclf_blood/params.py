"""What can be set about the sets of this plugin."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cellclf import Params

__all__ = ["BccdParams", "BloodMnistParams", "DemoParams", "FieldsParams"]


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


class BloodMnistParams(Params):
    """Which of the published files is read."""

    size: Literal[28, 64, 128, 224] | None = Field(
        default=None,
        description="Height and width in pixels; needed where a folder holds several sizes.",
    )


class BccdParams(Params):
    """Which of the published folders are read."""

    parts: tuple[Literal["train", "test", "test_simple"], ...] = Field(
        default=("train", "test"),
        min_length=1,
        description=(
            "Folders to read. TEST_SIMPLE holds originals that images of the others may have been "
            "made from; it counts as test."
        ),
    )


class FieldsParams(Params):
    """How cells are cut from fields."""

    margin: float = Field(
        default=0.0,
        ge=0,
        le=2,
        description="Share of a box's width and height that is added on each side of it.",
    )
