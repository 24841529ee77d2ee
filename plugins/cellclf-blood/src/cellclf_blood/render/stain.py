"""May Gruenwald-Giemsa staining: how much dye lies where, and what light that lets through.

A picture is composed as amounts of four absorbing substances and turned into light by the law of
Beer and Lambert: transmitted intensity is incident intensity times ten to minus optical density,
and the densities of substances that lie over one another add.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cellclf_blood.render.frame import Mask

__all__ = ["HAEMOGLOBIN", "Dyes", "Layer", "Staining", "dyes", "paint"]

Dyes: TypeAlias = NDArray[np.float32]
"""`(4,)` or `(4, height, width)`: azure, blue, eosin, haemoglobin; 1 stains a structure well."""

HAEMOGLOBIN = 3

ABSORPTION = np.array(
    [
        [0.50, 0.80, 0.23],  # azure B on chromatin and azurophil granules: purple
        [0.27, 0.22, 0.02],  # methylene blue on the RNA of the cytoplasm: blue
        [0.10, 0.36, 0.36],  # eosin on basic granules: orange-pink
        [0.085, 0.140, 0.120],  # haemoglobin with eosin, a red cell's rim thick: pale red
    ]
)
"""Optical density in red, green and blue of one unit of each substance, chosen by eye."""

CREAM = np.array([252.0, 229.0, 204.0])
COOL = np.array([226.0, 223.0, 238.0])
COOL_SHARE = 0.12
"""Share of slides photographed with a colder lamp, or rinsed longer."""


def dyes(
    *, azure: float = 0.0, blue: float = 0.0, eosin: float = 0.0, haemoglobin: float = 0.0
) -> Dyes:
    """Amounts of the four substances, shape `(4,)`."""
    return np.array([azure, blue, eosin, haemoglobin], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Layer:
    """One structure of a cell.

    Attributes:
        cover: Where it is, 0-1.
        amounts: What it has taken up, shape `(4,)`.
        texture: Multiplies the amounts, pixel by pixel; about 1.
        adds: Its dye adds to what lies below instead of taking its place.
    """

    cover: Mask
    amounts: Dyes
    texture: Mask | None = None
    adds: bool = False


def paint(canvas: Dyes, layers: Iterable[Layer]) -> None:
    """Lay `layers` over `canvas`, shape `(4, height, width)`, in place and in order."""
    for layer in layers:
        for below, amount in zip(canvas, layer.amounts, strict=True):
            if layer.adds:
                if amount:
                    below += layer.cover * amount
                continue
            laid = amount if layer.texture is None else layer.texture * amount
            below += layer.cover * (laid - below)


@dataclass(frozen=True, slots=True)
class Staining:
    """How one slide took its dyes.

    Attributes:
        absorption: Optical density of one unit of each substance, shape `(4, 3)`.
        lamp: Light through clear plasma, 0-255 in red, green and blue, shape `(3,)`.
    """

    absorption: NDArray[np.float32]
    lamp: NDArray[np.float32]

    @classmethod
    def of_one_slide(cls, rng: np.random.Generator) -> Staining:
        """Draw the strength and hue of each dye and the colour of the light."""
        strength = np.exp(rng.normal(0.0, [[0.10], [0.18], [0.14], [0.14]]))
        hue = np.exp(rng.normal(0.0, 0.05, ABSORPTION.shape))
        lamp = COOL if rng.random() < COOL_SHARE else CREAM
        lamp = lamp * np.exp(rng.normal(0.0, 0.008, 3))
        return cls(
            absorption=(ABSORPTION * strength * hue).astype(np.float32),
            lamp=lamp.astype(np.float32),
        )

    def light(self, canvas: Dyes) -> NDArray[np.float32]:
        """What the camera receives through `canvas`, `(4, height, width)`.

        Returns:
            `float32`, `(height, width, 3)`, RGB, 0 to a little over 255.
        """
        exponents = self.absorption * np.float32(-np.log(10.0))
        received = np.empty((*canvas.shape[1:], 3), np.float32)
        # Summed one substance at a time: a matrix product may round differently when the number
        # of threads changes, and pictures must not.
        for channel in range(3):
            density = canvas[0] * exponents[0, channel]
            for substance in range(1, len(canvas)):
                density += canvas[substance] * exponents[substance, channel]
            received[..., channel] = np.exp(density) * self.lamp[channel]
        return received
