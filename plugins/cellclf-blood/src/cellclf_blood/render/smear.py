"""What lies around the cell: red cells, stray platelets, and the edge of a neighbour."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cellclf_blood.render.frame import FIELD_UM
from cellclf_blood.render.stain import HAEMOGLOBIN, Dyes

__all__ = ["add_red_cells", "visible"]

RED_CELL_UM = 3.6
"""Radius of a red cell."""


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


def _places(
    rng: np.random.Generator, clearance: float
) -> Iterator[tuple[NDArray[np.float64], float]]:
    """Centres and radii of red cells, which crowd or thin out but leave the middle free."""
    wanted, attempts = int(rng.integers(7, 27)), 70
    overlap_share = rng.choice([0.02, 0.15, 0.4])
    typical = RED_CELL_UM * rng.normal(1.0, 0.05)
    centres = rng.uniform(-0.6 * FIELD_UM, 0.6 * FIELD_UM, (attempts, 2))
    radii = typical * rng.normal(1.0, 0.07, attempts)
    tolerated = rng.random(attempts) < overlap_share
    offsets = centres[:, None] - centres
    apart = np.hypot(offsets[..., 0], offsets[..., 1]) / (radii[:, None] + radii)
    crowded = apart < np.where(tolerated, 0.55, 0.97)[:, None]
    blocked = np.hypot(*centres.T) < clearance + 0.85 * radii
    placed = 0
    for one in range(attempts):
        if placed == wanted:
            return
        if not blocked[one]:
            placed += 1
            # Whoever comes later and would crowd this one gives way.
            blocked |= crowded[:, one]
            yield centres[one], float(radii[one])


def add_red_cells(
    rng: np.random.Generator, canvas: Dyes, *, scale: float, clearance: float
) -> None:
    """Scatter red cells over `canvas`, shape `(4, side, side)`, in place.

    Each is a flattened disc, thickest in a ring inside its edge and thin in the middle, where
    overlapping cells add up to a darker lens.

    Args:
        rng: Source of their places and shapes.
        canvas: What to draw on.
        scale: Pixels a micrometre.
        clearance: Radius in micrometres about the middle that they keep out of.
    """
    pallor_depth, edge_width = rng.uniform(0.1, 0.85), 0.18
    flatness = np.float32(rng.uniform(0.3, 0.52) ** -4)
    for centre, radius in _places(rng, clearance):
        reach = int(np.ceil(radius * 1.2 * scale))
        steps = np.arange(-reach, reach + 1, dtype=np.float32) / np.float32(radius * scale)
        angle, stretch = rng.uniform(0.0, np.pi), np.exp(rng.normal(0.0, 0.06))
        along = steps * np.float32(np.cos(angle) * stretch)
        across = steps * np.float32(np.sin(angle) / stretch)
        x = along + (steps * np.float32(np.sin(angle) * stretch))[:, None]
        y = (steps * np.float32(np.cos(angle) / stretch))[:, None] - across
        y *= y
        squared = x * x
        squared += y
        # The real part of (x + iy) cubed: the slight triangular bulge of cells that press together.
        x *= squared - 4 * y
        squared += x * np.float32(rng.normal(0.0, 0.04))
        # A ring with a dip in the middle: the edge falls off linearly, the dip as a bell does.
        depth = min(pallor_depth * rng.normal(1.0, 0.2), 0.95)
        thickness = 1 - np.float32(depth) / (1 + flatness * squared * squared)
        thickness *= np.clip((1 - squared) * np.float32(1 / edge_width), 0, 1)
        thickness *= np.float32(rng.normal(1.0, 0.08))
        outer, inner = visible(centre, len(steps), canvas.shape[1], scale)
        canvas[HAEMOGLOBIN][outer] += thickness[inner]
