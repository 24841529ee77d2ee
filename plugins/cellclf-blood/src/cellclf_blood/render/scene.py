"""One picture: a cell of a class in the middle of a smear, stained and photographed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellclf_blood.render import granulocytes, mononuclear
from cellclf_blood.render.camera import photographed
from cellclf_blood.render.frame import FIELD_UM, Frame, visible
from cellclf_blood.render.smear import add_red_cells
from cellclf_blood.render.stain import Dyes, Layer, Staining, paint

__all__ = ["CELLS", "Cell", "render"]

OVERSAMPLING = 2
OFF_CENTRE_UM = 0.6
STRAY_PLATELETS = 0.5
"""How many a picture, on average."""

NEIGHBOUR_SHARE = 0.1
"""Share of pictures with part of another white cell at the border."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How a class is drawn.

    Attributes:
        radius: Smallest and largest radius in micrometres.
        layers: Gives the layers of one cell for a generator, a frame and a radius.
    """

    radius: tuple[float, float]
    layers: Callable[[np.random.Generator, Frame, float], list[Layer]]


CELLS: Mapping[str, Cell] = {
    "basophil": Cell((4.9, 6.2), granulocytes.basophil),
    "eosinophil": Cell((5.6, 7.0), granulocytes.eosinophil),
    "erythroblast": Cell((3.3, 4.7), mononuclear.erythroblast),
    "ig": Cell((5.7, 7.3), granulocytes.immature_granulocyte),
    "lymphocyte": Cell((4.1, 5.9), mononuclear.lymphocyte),
    "monocyte": Cell((6.8, 8.7), mononuclear.monocyte),
    "neutrophil": Cell((5.3, 6.9), granulocytes.neutrophil),
    "platelet": Cell((1.6, 3.0), mononuclear.platelet),
}
"""Every class by its name in the PBC set."""


def _place(
    rng: np.random.Generator,
    canvas: Dyes,
    name: str,
    radius: float,
    centre: NDArray[np.float64],
    scale: float,
) -> None:
    margin, elongated = 0.8, 1.25
    frame = Frame.around(radius * elongated + margin, scale)
    outer, inner = visible(centre, frame.side, canvas.shape[1], scale)
    window = canvas[(slice(None), *outer)]
    if window.size:
        whole = np.zeros((len(canvas), *frame.shape), np.float32)
        whole[(slice(None), *inner)] = window
        paint(whole, CELLS[name].layers(rng, frame, radius))
        window[...] = whole[(slice(None), *inner)]


def _at(rng: np.random.Generator, distance: float) -> NDArray[np.float64]:
    turn = rng.uniform(0.0, 2 * np.pi)
    return distance * np.array([np.cos(turn), np.sin(turn)])


def _add_company(rng: np.random.Generator, canvas: Dyes, radius: float, scale: float) -> None:
    """Strew a few platelets about a cell of `radius`, and now and then part of a white cell."""
    for _ in range(int(rng.poisson(STRAY_PLATELETS))):
        platelet = rng.uniform(1.0, 1.7)
        place = _at(rng, rng.uniform(radius + platelet, 0.7 * FIELD_UM))
        _place(rng, canvas, "platelet", platelet, place, scale)
    if rng.random() < NEIGHBOUR_SHARE:
        name = str(rng.choice([known for known in CELLS if known != "platelet"]))
        neighbour = rng.uniform(*CELLS[name].radius)
        gap = 1.0
        distance = max(radius + neighbour + gap, rng.uniform(0.45, 0.6) * FIELD_UM)
        _place(rng, canvas, name, neighbour, _at(rng, distance), scale)


def render(rng: np.random.Generator, name: str, size: int) -> NDArray[np.uint8]:
    """Draw one picture; the same generator state gives the same pixels.

    Args:
        rng: Source of everything that varies.
        name: A class, one of `CELLS`.
        size: Height and width in pixels.

    Returns:
        `uint8`, `(size, size, 3)`, RGB.

    Example:
        >>> render(np.random.default_rng(0), "neutrophil", 64).shape
        (64, 64, 3)
    """
    side = size * OVERSAMPLING
    scale = side / FIELD_UM
    canvas = np.zeros((4, side, side), np.float32)
    radius = rng.uniform(*CELLS[name].radius)
    add_red_cells(rng, canvas, scale=scale, clearance=radius)
    _add_company(rng, canvas, radius, scale)
    _place(rng, canvas, name, radius, rng.normal(0.0, OFF_CENTRE_UM, 2), scale)
    return photographed(rng, Staining.of_one_slide(rng).light(canvas), size)
