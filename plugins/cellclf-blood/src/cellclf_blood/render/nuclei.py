"""Nuclei: their outline as a coverage mask and their chromatin as a texture."""

from __future__ import annotations

import numpy as np

from cellclf_blood.render.frame import Frame, Mask
from cellclf_blood.render.shapes import (
    arc,
    blurred,
    ellipse,
    filled,
    melted,
    outline,
    rotated,
    smooth_noise,
    stroked,
)

__all__ = ["band", "chromatin", "kidney", "lobed", "oval"]

STRAND_UM = 0.7
ARC_POINTS = 16


def oval(
    rng: np.random.Generator,
    frame: Frame,
    radius: float,
    *,
    offset: float = 0.0,
    elongation: float = 1.1,
    irregularity: float = 0.03,
) -> Mask:
    """A round or oval nucleus, its centre `offset` micrometres from that of the cell."""
    turn = rng.uniform(0.0, 2 * np.pi)
    points = outline(rng, radius, irregularity=irregularity, elongation=elongation)
    return filled(frame, [points + offset * np.array([np.cos(turn), np.sin(turn)])])


def kidney(
    rng: np.random.Generator, frame: Frame, radius: float, *, bend: float, offset: float = 0.0
) -> Mask:
    """A bean, kidney or horseshoe: a broad band, bent.

    Args:
        rng: Source of orientation and roughness.
        frame: Where to draw.
        radius: Half the length of the nucleus in micrometres.
        bend: Angle in radians over which the band runs: 1 is a bean, 4 a horseshoe.
        offset: Shift towards its hilum's far side, in micrometres.
    """
    width = radius * (1.45 - 0.17 * bend)
    run = radius - width / 2
    curve = arc(run * (1.0 + 0.55 / bend), bend, ARC_POINTS)
    curve = curve - curve.mean(axis=0) * 0.75 - [offset, 0.0]
    path = rotated(curve, rng.uniform(0.0, 2 * np.pi))
    return melted(rng, frame, stroked(frame, path, width), melt=0.5)


def band(rng: np.random.Generator, frame: Frame, radius: float, *, width: float) -> Mask:
    """The C- or S-shaped sausage of a band neutrophil, `width` micrometres wide."""
    path = arc(radius, rng.uniform(2.8, 4.6), ARC_POINTS)
    path = path * [1.0, rng.uniform(0.8, 1.15)] + rng.normal(0.0, 0.25, (1, 2))
    path = path + np.sin(np.linspace(0, np.pi * 2, ARC_POINTS))[:, None] * rng.normal(0, 0.4, 2)
    path = rotated(path, rng.uniform(0.0, 2 * np.pi))
    return melted(rng, frame, stroked(frame, path, width), melt=0.35)


def lobed(
    rng: np.random.Generator,
    frame: Frame,
    lobes: int,
    *,
    spread: float,
    lobe: float,
    span: float,
) -> Mask:
    """A segmented nucleus: lobes along an arc, joined by strands of chromatin.

    Args:
        rng: Source of the arrangement.
        frame: Where to draw.
        lobes: How many.
        spread: Radius of the arc in micrometres.
        lobe: Mean radius of a lobe in micrometres.
        span: Angle of the arc in radians.
    """
    centres = arc(spread, span, lobes) + rng.normal(0.0, 0.22 * lobe, (lobes, 2))
    centres = rotated(centres, rng.uniform(0.0, 2 * np.pi))
    sizes = lobe * rng.uniform(0.8, 1.2, lobes)
    bodies = [
        ellipse((x, y), (size * rng.uniform(1.0, 1.3), size), rng.uniform(0.0, np.pi))
        for (x, y), size in zip(centres, sizes, strict=True)
    ]
    # Strands run a little inside the arc, so that some hide behind lobes as they do in cells.
    joined = np.maximum(filled(frame, bodies), stroked(frame, centres, STRAND_UM))
    return melted(rng, frame, joined, melt=0.22)


def chromatin(
    rng: np.random.Generator, frame: Frame, nucleus: Mask, *, clump: float, contrast: float
) -> Mask:
    """How densely chromatin lies, mean about 1.

    Args:
        rng: Source of the pattern.
        frame: Where to draw.
        nucleus: Coverage of the nucleus.
        clump: Distance from clump to clump in micrometres: 0.5 is fine, 1.5 coarse.
        contrast: Deviation of the density as a share of its mean.

    Returns:
        `frame.shape`; the membrane, where heterochromatin gathers, comes out denser.
    """
    membrane, membrane_um, finest = 1.3, 0.3, 2.0
    soft = blurred(nucleus, frame, membrane_um)
    rim = soft * (1 - soft) * nucleus
    pattern = smooth_noise(rng, frame, clump) + 0.6 * smooth_noise(rng, frame, clump / finest)
    return 1 + np.clip(contrast * pattern, -0.6, 0.6) + membrane * rim
