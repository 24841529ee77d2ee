"""Where things are drawn: a square window measured in micrometres and rasterised in pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIELD_UM", "Frame", "Mask", "Points", "visible"]

FIELD_UM = 32.0
"""Width of the pictured field: a red cell of 7.2 um spans 29 of 128 pixels, as in the PBC set."""

SUBPIXEL_BITS = 4

Mask: TypeAlias = NDArray[np.float32]
"""`(height, width)`; how much of each pixel is covered, 0-1, or a texture of about unit scale."""

Points: TypeAlias = NDArray[np.float64]
"""`(n, 2)`; x and y in micrometres from the centre of a frame."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A square window, its origin in the middle.

    Attributes:
        side: Height and width in pixels.
        scale: Pixels a micrometre.
    """

    side: int
    scale: float

    @classmethod
    def around(cls, reach: float, scale: float) -> Frame:
        """The smallest frame that shows `reach` micrometres in every direction."""
        return cls(side=2 * int(np.ceil(reach * scale)) + 1, scale=scale)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return (self.side, self.side)

    def fixed_point(self, points: Points) -> NDArray[np.int32]:
        """Pixel coordinates of `points` with `SUBPIXEL_BITS` binary places, as OpenCV draws."""
        pixels = points * self.scale + (self.side - 1) / 2
        return np.rint(pixels * (1 << SUBPIXEL_BITS)).astype(np.int32)

    def fixed_length(self, length: float) -> int:
        """A length in micrometres as pixels with `SUBPIXEL_BITS` binary places."""
        return max(1, round(length * self.scale * (1 << SUBPIXEL_BITS)))


def visible(
    centre: NDArray[np.float64], side: int, field_side: int, scale: float
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where a square window of `side` pixels about `centre` meets the field.

    Returns:
        The part of the field and the part of the window that coincide, rows and columns each;
        empty slices where they do not meet.
    """
    corner = np.rint(centre * scale + (field_side - side) / 2).astype(int)
    first = np.clip(-corner, 0, side)
    last = np.clip(field_side - corner, first, side)
    inner = tuple(slice(first[axis], last[axis]) for axis in (1, 0))
    outer = tuple(slice(corner[axis] + first[axis], corner[axis] + last[axis]) for axis in (1, 0))
    return outer, inner  # type: ignore[return-value]
