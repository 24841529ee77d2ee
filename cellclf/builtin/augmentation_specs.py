"""The standard augmentations as an experiment sees them: names, parameters, ranges.

The default strengths suit stained blood cells photographed singly: a cell has no upright position,
stains and lamps differ between days and laboratories, and focus varies a little. What changes the
pixels is in `cellclf.builtin.augmentations`.
"""

from __future__ import annotations

from pydantic import Field

from cellclf.specs import AugmentationSpec, Params

__all__ = [
    "AUGMENTATIONS",
    "BlurParams",
    "BrightnessParams",
    "ContrastParams",
    "FlipParams",
    "NoiseParams",
    "RotationParams",
    "ShiftParams",
    "StainParams",
    "ZoomParams",
]


class FlipParams(Params):
    """Parameters of `flip`."""

    horizontal: bool = Field(
        default=True, description="Mirror left and right in half of the images."
    )
    vertical: bool = Field(default=True, description="Mirror top and bottom in half of the images.")


class RotationParams(Params):
    """Parameters of `rotation`."""

    max_degrees: float = Field(
        default=180.0, ge=0, le=180, description="Largest turn in either direction, in degrees."
    )


class ZoomParams(Params):
    """Parameters of `zoom`."""

    amount: float = Field(
        default=0.05,
        ge=0,
        le=3,
        description="Largest magnification is 1 + amount.",
    )
    shrink: float | None = Field(
        default=None,
        ge=0,
        le=3,
        description="Smallest magnification is 1 / (1 + shrink); as `amount` where left out.",
    )


class ShiftParams(Params):
    """Parameters of `shift`."""

    fraction: float = Field(
        default=0.05,
        ge=0,
        le=0.5,
        description="Largest shift in either direction, as a share of the width and of the height.",
    )


class ContrastParams(Params):
    """Parameters of `contrast`."""

    amount: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Distances from the mean level are multiplied by 1 - amount to 1 + amount.",
    )


class BrightnessParams(Params):
    """Parameters of `brightness`."""

    amount: float = Field(
        default=0.03,
        ge=0,
        le=1,
        description="The light is multiplied by 1 - amount to 1 + amount, all channels alike.",
    )


class StainParams(Params):
    """Parameters of `stain`."""

    scale: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description=(
            "Each channel's optical density is multiplied by its own factor from 1 - scale to "
            "1 + scale: more or less of a dye."
        ),
    )
    offset: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description=(
            "To each channel's optical density its own value from -offset to offset is added: "
            "the colour of the lamp and of the background."
        ),
    )
    curve: float = Field(
        default=0.0,
        ge=0,
        le=3,
        description=(
            "Each channel's optical density is raised to its own power from 1 / (1 + curve) to "
            "1 + curve: how pale parts compare with dark ones."
        ),
    )
    mix: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description=(
            "Each channel's optical density gets up to this share, more or less, of that of every "
            "other channel: how much one dye stains beside another."
        ),
    )
    probability: float = Field(
        default=1.0, ge=0, le=1, description="Share of the images that are changed."
    )


class BlurParams(Params):
    """Parameters of `blur`."""

    max_sigma: float = Field(
        default=0.6,
        ge=0,
        le=10,
        description="Largest standard deviation of the Gaussian, in pixels.",
    )
    probability: float = Field(
        default=0.1, ge=0, le=1, description="Share of the images that are blurred."
    )


class NoiseParams(Params):
    """Parameters of `noise`."""

    max_sigma: float = Field(
        default=3.0,
        ge=0,
        le=100,
        description="Largest standard deviation of the Gaussian noise, in levels of 255.",
    )
    probability: float = Field(
        default=0.1, ge=0, le=1, description="Share of the images that get noise."
    )


def _augmentation(name: str, summary: str, params: type[Params]) -> AugmentationSpec:
    return AugmentationSpec(
        name=name, summary=summary, params=params, apply=f"cellclf.builtin.augmentations:{name}"
    )


AUGMENTATIONS: tuple[AugmentationSpec, ...] = (
    _augmentation("flip", "mirror left and right, top and bottom", FlipParams),
    _augmentation("rotation", "turn by any angle about the middle", RotationParams),
    _augmentation("zoom", "magnify or shrink about the middle", ZoomParams),
    _augmentation("shift", "move sideways and up or down", ShiftParams),
    _augmentation("contrast", "spread levels from their mean, or draw them to it", ContrastParams),
    _augmentation("brightness", "more or less light", BrightnessParams),
    _augmentation("stain", "colour jitter in optical density", StainParams),
    _augmentation("blur", "out of focus, sometimes", BlurParams),
    _augmentation("noise", "sensor noise, sometimes", NoiseParams),
)
"""In the order in which they are best applied: geometry, light and colour, then the sensor."""
