"""Soft-edged shapes of cells: outlines, lobes, bands and dots as coverage masks."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from cellclf_blood.render.frame import SUBPIXEL_BITS, Frame, Mask, Points

__all__ = [
    "arc",
    "blurred",
    "dots",
    "ellipse",
    "filled",
    "inside_disc",
    "melted",
    "outline",
    "rotated",
    "smooth_noise",
    "stroked",
]

OUTLINE_POINTS = 48
OPAQUE = 255
EDGE_UM = 0.11
"""Standard deviation of the blur at a cell's edge: about the resolution of an oil objective."""


def rotated(points: Points, angle: float) -> Points:
    """Turn `points` by `angle` radians about the origin."""
    cosine, sine = np.cos(angle), np.sin(angle)
    turned: Points = points @ np.array([[cosine, sine], [-sine, cosine]])
    return turned


def ellipse(centre: tuple[float, float], radii: tuple[float, float], angle: float = 0.0) -> Points:
    """The outline of an ellipse, shape `(48, 2)`."""
    turn = np.linspace(0.0, 2 * np.pi, OUTLINE_POINTS, endpoint=False)
    points = np.stack([radii[0] * np.cos(turn), radii[1] * np.sin(turn)], axis=1)
    return rotated(points, angle) + centre


def outline(
    rng: np.random.Generator, radius: float, *, irregularity: float, elongation: float = 1.0
) -> Points:
    """The outline of a cell, shape `(48, 2)`: a circle bent by its second to seventh harmonic.

    Args:
        rng: Source of the shape and its orientation.
        radius: Mean radius in micrometres.
        irregularity: Standard deviation of the second harmonic, as a share of the radius; those
            above fall off as one over their order.
        elongation: Long over short diameter before bending.
    """
    turn = np.linspace(0.0, 2 * np.pi, OUTLINE_POINTS, endpoint=False)
    orders = np.arange(2, 8)
    sizes = rng.normal(0.0, irregularity, len(orders)) * 2 / orders
    phases = rng.uniform(0.0, 2 * np.pi, len(orders))
    bend = 1 + (sizes * np.cos(np.outer(turn, orders) + phases)).sum(axis=1)
    stretch = np.sqrt(elongation)
    points = np.stack([np.cos(turn) * stretch, np.sin(turn) / stretch], axis=1)
    return rotated(points * (radius * bend)[:, None], rng.uniform(0.0, 2 * np.pi))


def arc(radius: float, span: float, count: int) -> Points:
    """`count` points along an arc of `span` radians, its middle at the left of the origin."""
    turn = np.pi + np.linspace(-span / 2, span / 2, count)
    return radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def inside_disc(rng: np.random.Generator, count: int, radius: float) -> Points:
    """`count` points spread evenly over a disc about the origin."""
    distance = radius * np.sqrt(rng.uniform(0.0, 1.0, count))
    turn = rng.uniform(0.0, 2 * np.pi, count)
    return np.stack([distance * np.cos(turn), distance * np.sin(turn)], axis=1)


def blurred(mask: Mask, frame: Frame, sigma: float) -> Mask:
    """Blur by a Gaussian whose standard deviation is `sigma` micrometres."""
    return cv2.GaussianBlur(mask, (0, 0), sigma * frame.scale)  # type: ignore[return-value]


def smooth_noise(rng: np.random.Generator, frame: Frame, grain: float) -> Mask:
    """Noise without direction, mean 0, deviation about 0.8, `grain` micrometres from bump to bump.

    Returns:
        `float32`, `frame.shape`.
    """
    cells = max(2, int(np.ceil(frame.side / max(1.0, grain * frame.scale)))) + 1
    coarse = rng.standard_normal((cells, cells), dtype=np.float32)
    return cv2.resize(coarse, frame.shape, interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]


def _as_mask(drawn: NDArray[np.uint8], frame: Frame, sigma: float) -> Mask:
    return blurred(drawn.astype(np.float32) * np.float32(1 / OPAQUE), frame, sigma)


def filled(frame: Frame, polygons: Iterable[Points], *, edge: float = EDGE_UM) -> Mask:
    """Everything inside any of `polygons`, with an edge blurred by `edge` micrometres."""
    drawn = np.zeros(frame.shape, np.uint8)
    for polygon in polygons:
        cv2.fillPoly(drawn, [frame.fixed_point(polygon)], OPAQUE, cv2.LINE_AA, shift=SUBPIXEL_BITS)
    return _as_mask(drawn, frame, edge)


def stroked(frame: Frame, path: Points, width: float, *, edge: float = EDGE_UM) -> Mask:
    """A round-ended band `width` micrometres wide along `path`."""
    drawn = np.zeros(frame.shape, np.uint8)
    thickness = max(1, round(width * frame.scale))
    points = [frame.fixed_point(path)]
    cv2.polylines(drawn, points, False, OPAQUE, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
    return _as_mask(drawn, frame, edge)


def dots(frame: Frame, centres: Points, radii: NDArray[np.float64], *, edge: float = 0.08) -> Mask:
    """Discs at `centres` with `radii` micrometres, shape `(n,)`."""
    drawn = np.zeros(frame.shape, np.uint8)
    for centre, radius in zip(frame.fixed_point(centres).tolist(), radii.tolist(), strict=True):
        length = frame.fixed_length(radius)
        cv2.circle(drawn, centre, length, OPAQUE, cv2.FILLED, cv2.LINE_AA, SUBPIXEL_BITS)
    return _as_mask(drawn, frame, edge)


def melted(rng: np.random.Generator, frame: Frame, mask: Mask, *, melt: float = 0.3) -> Mask:
    """Let sharp unions flow into one another, as lobes and strands of a nucleus do.

    The mask is blurred over `melt` micrometres, roughened a little, and cut again at one half.
    """
    roughness, steepness = 0.06, 6.0
    field = blurred(mask, frame, melt) + roughness * smooth_noise(rng, frame, 1.0)
    cut: Mask = np.clip((field - 0.5) * steepness + 0.5, 0.0, 1.0)
    return cut
