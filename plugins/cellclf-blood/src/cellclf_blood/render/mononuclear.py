"""The cells with one unlobed nucleus, and the one with none.

Lymphocyte, monocyte, erythroblast and platelet.

Each function returns the layers of one cell of a given radius in micrometres, from the bottom up.
"""

from __future__ import annotations

import numpy as np

from cellclf_blood.render import nuclei
from cellclf_blood.render.frame import Frame
from cellclf_blood.render.shapes import (
    blurred,
    dots,
    filled,
    inside_disc,
    outline,
    smooth_noise,
)
from cellclf_blood.render.stain import Layer, dyes

__all__ = ["erythroblast", "lymphocyte", "monocyte", "platelet"]

LARGE_LYMPHOCYTE_UM = 5.0
"""Radius from which a lymphocyte shows its cytoplasm."""


def lymphocyte(rng: np.random.Generator, frame: Frame, radius: float) -> list[Layer]:
    """A round, dense, clumped nucleus that leaves a thin rim of blue; larger ones show more."""
    cell = filled(frame, [outline(rng, radius, irregularity=0.03, elongation=1.06)])
    small = radius < LARGE_LYMPHOCYTE_UM
    share = rng.uniform(0.84, 0.95) if small else rng.uniform(0.7, 0.85)
    nucleus = nuclei.oval(
        rng,
        frame,
        share * radius,
        offset=rng.uniform(0.3, 0.9) * (1 - share) * radius,
        elongation=rng.uniform(1.0, 1.15),
        irregularity=0.03,
    )
    texture = nuclei.chromatin(rng, frame, nucleus, clump=1.5, contrast=0.2)
    density = rng.uniform(0.9, 1.1) if small else rng.uniform(0.8, 0.95)
    blue = rng.uniform(0.4, 0.8)
    granules = 0 if small else int(rng.integers(0, 9))
    azurophil = dots(frame, inside_disc(rng, granules, 0.9 * radius), np.full(granules, 0.22))
    rim = 1 + 0.7 * (1 - blurred(cell, frame, 0.7))
    return [
        Layer(cell, dyes(azure=0.07, blue=blue), rim),
        Layer(azurophil * cell, dyes(azure=0.6, eosin=0.1)),
        Layer(nucleus, dyes(azure=density, blue=0.18), texture),
    ]


def monocyte(rng: np.random.Generator, frame: Frame, radius: float) -> list[Layer]:
    """The largest: a folded or kidney-shaped nucleus in grey-blue, often vacuolated cytoplasm."""
    contour = outline(rng, radius, irregularity=0.08, elongation=rng.uniform(1.0, 1.4))
    cell = filled(frame, [contour])
    nucleus = nuclei.kidney(
        rng,
        frame,
        rng.uniform(0.68, 0.82) * radius,
        bend=rng.uniform(1.1, 3.0),
        offset=rng.uniform(0.0, 0.25) * radius,
    )
    texture = nuclei.chromatin(rng, frame, nucleus, clump=0.8, contrast=0.18)
    folds = np.abs(smooth_noise(rng, frame, 2.6))
    texture -= 0.22 * np.clip(1 - folds * 5, 0.0, 1.0)
    holes = int(rng.choice([0, 6, 14, 26], p=[0.18, 0.22, 0.3, 0.3]))
    centres = inside_disc(rng, holes, 0.7 * radius) + rng.normal(0.0, 0.15 * radius, 2)
    vacuoles = dots(frame, centres, rng.uniform(0.2, 0.75, holes), edge=0.1)
    ground_glass = 1 + 0.2 * smooth_noise(rng, frame, 0.5) + 0.1 * smooth_noise(rng, frame, 2.0)
    return [
        Layer(cell, dyes(azure=0.07, blue=rng.uniform(0.34, 0.52)), ground_glass),
        Layer(vacuoles * cell * 0.95, dyes()),
        Layer(nucleus, dyes(azure=0.72, blue=0.08), texture),
        Layer(vacuoles * nucleus * 0.3, dyes(azure=0.3)),
    ]


def erythroblast(rng: np.random.Generator, frame: Frame, radius: float) -> list[Layer]:
    """A small, round, very dark nucleus; the cytoplasm turns from blue to red-cell pink."""
    cell = filled(frame, [outline(rng, radius, irregularity=0.045, elongation=1.08)])
    ripeness = rng.uniform(0.0, 1.0)
    share = rng.uniform(0.72, 0.8) - 0.2 * ripeness
    nucleus = nuclei.oval(
        rng,
        frame,
        share * radius,
        offset=rng.uniform(0.2, 0.9) * (1 - share) * radius,
        elongation=1.05,
        irregularity=0.02,
    )
    texture = nuclei.chromatin(rng, frame, nucleus, clump=1.2, contrast=0.24 - 0.12 * ripeness)
    young = dyes(azure=0.08, blue=0.85, haemoglobin=0.25)
    ripe = dyes(blue=0.4, haemoglobin=1.0)
    plasm = (1 - ripeness) * young + ripeness * ripe
    return [
        Layer(cell, plasm, 1 + 0.12 * smooth_noise(rng, frame, 0.8)),
        Layer(nucleus, dyes(azure=1.12 + 0.15 * ripeness, blue=0.55), texture),
    ]


def platelet(rng: np.random.Generator, frame: Frame, radius: float) -> list[Layer]:
    """A scrap of pale blue cytoplasm with a heart of purple granules and no nucleus."""
    elongation = rng.uniform(1.0, 1.5)
    body = filled(
        frame, [outline(rng, radius, irregularity=0.09, elongation=elongation)], edge=0.25
    )
    many = int(14 * radius)
    heart = dots(
        frame,
        inside_disc(rng, many, 0.72 * radius),
        rng.uniform(0.14, 0.32, many),
        edge=0.14,
    )
    return [
        Layer(body, dyes(azure=0.26, blue=rng.uniform(0.15, 0.45))),
        Layer(heart * body * 0.85, dyes(azure=rng.uniform(0.75, 1.0), eosin=0.12)),
    ]
