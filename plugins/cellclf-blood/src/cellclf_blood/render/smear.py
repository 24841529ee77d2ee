"""What lies around the cell: red cells, crowded or sparse."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cellclf_blood.render.frame import FIELD_UM, Mask, visible
from cellclf_blood.render.stain import HAEMOGLOBIN, Dyes

__all__ = ["add_red_cells"]

RED_CELL_UM = 3.6
"""Radius of a red cell."""


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


def _thickness(
    rng: np.random.Generator, radius: float, *, pallor_depth: float, pallor_size: float
) -> Mask:
    """How thick one red cell of `radius` pixels is, its rim 1, in a square about its centre."""
    edge_width, reach = 0.18, int(np.ceil(radius * 1.2))
    steps = np.arange(-reach, reach + 1, dtype=np.float32) / np.float32(radius)
    angle, stretch = rng.uniform(0.0, np.pi), np.exp(rng.normal(0.0, 0.06))
    cosine, sine = np.cos(angle), np.sin(angle)
    x = steps * np.float32(cosine * stretch) + (steps * np.float32(sine * stretch))[:, None]
    y = (steps * np.float32(cosine / stretch))[:, None] - steps * np.float32(sine / stretch)
    y *= y
    squared = x * x
    squared += y
    # The real part of (x + iy) cubed: the slight triangular bulge of cells that press together.
    x *= squared - 4 * y
    squared += x * np.float32(rng.normal(0.0, 0.04))
    # The edge falls off linearly, the dip in the middle as a flat-bottomed bell does.
    dip = (squared * np.float32(pallor_size**-2)) ** 2
    thickness: Mask = 1 - np.float32(pallor_depth) / (1 + dip)
    thickness *= np.clip((1 - squared) * np.float32(1 / edge_width), 0, 1)
    return thickness


def add_red_cells(
    rng: np.random.Generator, canvas: Dyes, *, scale: float, clearance: float
) -> None:
    """Scatter red cells over `canvas`, shape `(4, side, side)`, in place.

    Each is a flattened disc, thickest in a ring inside its edge and thin in the middle, and where
    two overlap they add up to a darker lens.

    Args:
        rng: Source of their places and shapes.
        canvas: What to draw on.
        scale: Pixels a micrometre.
        clearance: Radius in micrometres about the middle that they keep out of.
    """
    deepest = 0.95
    pallor_depth, pallor_size = rng.uniform(0.1, 0.85), rng.uniform(0.3, 0.52)
    for centre, radius in _places(rng, clearance):
        thickness = _thickness(
            rng,
            radius * scale,
            pallor_depth=min(pallor_depth * rng.normal(1.0, 0.2), deepest),
            pallor_size=pallor_size,
        )
        outer, inner = visible(centre, len(thickness), canvas.shape[1], scale)
        canvas[HAEMOGLOBIN][outer] += thickness[inner] * np.float32(rng.normal(1.0, 0.08))
