"""The cells that carry granules: neutrophil, eosinophil, basophil and their young forms.

Each function returns the layers of one cell of a given radius in micrometres, from the bottom up.
Colours and proportions follow what haematology atlases describe for May Gruenwald-Giemsa.
"""

from __future__ import annotations

import numpy as np

from cellclf_blood.render import nuclei
from cellclf_blood.render.frame import Frame, Mask
from cellclf_blood.render.shapes import dots, filled, inside_disc, outline, smooth_noise
from cellclf_blood.render.stain import Layer, dyes

__all__ = ["basophil", "eosinophil", "immature_granulocyte", "neutrophil"]

CHROMATIN = dyes(azure=0.94, blue=0.12)
BAND_SHARE = 0.22
"""Share of neutrophils whose nucleus has not parted into lobes yet."""


def _body(rng: np.random.Generator, frame: Frame, radius: float, irregularity: float) -> Mask:
    return filled(frame, [outline(rng, radius, irregularity=irregularity)])


def _dust(rng: np.random.Generator, frame: Frame, grain: float, share: float) -> Mask:
    """Granules too fine to be told apart: the peaks of noise, covering about `share` of it."""
    steepness = 1.8
    peaks = smooth_noise(rng, frame, grain)
    threshold = np.quantile(peaks[::4, ::4], 1 - share)
    dust: Mask = np.clip((peaks - threshold) * steepness, 0.0, 1.0)
    return dust


def neutrophil(rng: np.random.Generator, frame: Frame, radius: float) -> list[Layer]:
    """Two to five lobes on strands, or a band; pinkish cytoplasm with fine lilac dust."""
    cell = _body(rng, frame, radius, 0.03)
    if rng.random() < BAND_SHARE:
        nucleus = nuclei.band(rng, frame, 0.5 * radius, width=rng.uniform(2.3, 3.1))
    else:
        nucleus = nuclei.lobed(
            rng,
            frame,
            int(rng.choice([2, 3, 4, 5], p=[0.06, 0.38, 0.4, 0.16])),
            spread=rng.uniform(0.42, 0.52) * radius,
            lobe=rng.uniform(0.27, 0.33) * radius,
            span=rng.uniform(3.4, 4.8),
        )
    texture = nuclei.chromatin(rng, frame, nucleus, clump=1.1, contrast=0.26)
    pallor = rng.uniform(0.7, 1.3)
    return [
        Layer(cell, dyes(azure=0.09, blue=0.05, eosin=0.17) * np.float32(pallor)),
        Layer(cell * _dust(rng, frame, 0.3, 0.45) * 0.5, dyes(azure=0.32, eosin=0.24)),
        Layer(nucleus, CHROMATIN, texture),
    ]


def eosinophil(rng: np.random.Generator, frame: Frame, radius: float) -> list[Layer]:
    """Two lobes like spectacles, rarely three, in a body packed with coarse orange granules."""
    cell = _body(rng, frame, radius, 0.03)
    lobes = 3 if rng.random() < 0.2 else 2
    nucleus = nuclei.lobed(
        rng,
        frame,
        lobes,
        spread=rng.uniform(0.4, 0.5) * radius,
        lobe=rng.uniform(0.34, 0.41) * radius * (2 / lobes) ** 0.5,
        span=rng.uniform(2.0, 3.2) if lobes == 2 else rng.uniform(3.2, 4.2),
    )
    texture = nuclei.chromatin(rng, frame, nucleus, clump=1.0, contrast=0.2)
    packed = int(rng.integers(200, 330))
    uneven = 1 + 0.2 * smooth_noise(rng, frame, 0.6)
    granules = dots(frame, inside_disc(rng, packed, 0.94 * radius), rng.uniform(0.26, 0.4, packed))
    return [
        Layer(cell, dyes(azure=0.12, blue=0.08, eosin=0.42)),
        Layer(granules * cell, dyes(azure=0.1, eosin=0.88), uneven),
        Layer(nucleus, dyes(azure=0.95, blue=0.1), texture),
        Layer(granules * nucleus * 0.12, dyes(eosin=0.5), adds=True),
    ]


def basophil(rng: np.random.Generator, frame: Frame, radius: float) -> list[Layer]:
    """Coarse blue-black granules over a pale, lobed nucleus that they mostly hide."""
    cell = _body(rng, frame, radius, 0.045)
    nucleus = nuclei.lobed(
        rng,
        frame,
        int(rng.integers(2, 4)),
        spread=0.36 * radius,
        lobe=rng.uniform(0.38, 0.46) * radius,
        span=rng.uniform(2.4, 4.0),
    )
    texture = nuclei.chromatin(rng, frame, nucleus, clump=1.4, contrast=0.15)
    many = int(rng.integers(60, 210))
    granules = dots(frame, inside_disc(rng, many, 0.93 * radius), rng.uniform(0.24, 0.46, many))
    return [
        Layer(cell, dyes(azure=0.22, blue=0.12, eosin=0.08)),
        Layer(nucleus, dyes(azure=0.72, blue=0.05, eosin=0.08), texture),
        Layer(granules, dyes(azure=1.15, blue=0.55)),
    ]


def immature_granulocyte(rng: np.random.Generator, frame: Frame, radius: float) -> list[Layer]:
    """Promyelocyte, myelocyte or metamyelocyte: a large nucleus, finer chromatin, granules.

    The cytoplasm ripens from blue to pinkish lilac while the nucleus shrinks and dents, so the
    last stage comes close to a band neutrophil and the first to a monocyte.
    """
    cell = _body(rng, frame, radius, 0.035)
    ripeness = rng.uniform(0.0, 1.0)
    young, ripe = 1 - ripeness, ripeness
    size = (0.72 - 0.14 * ripe) * radius
    room = radius - size
    if ripeness > 0.62:
        bend = rng.uniform(1.2, 2.1)
        nucleus = nuclei.kidney(rng, frame, size * 1.12, bend=bend, offset=0.5 * room)
    else:
        nucleus = nuclei.oval(
            rng,
            frame,
            size,
            offset=rng.uniform(0.5, 0.9) * room,
            elongation=rng.uniform(1.1, 1.35),
            irregularity=0.04,
        )
    texture = nuclei.chromatin(rng, frame, nucleus, clump=0.7, contrast=0.17 + 0.05 * ripe)
    many = int(young * rng.integers(30, 130))
    azurophil = dots(frame, inside_disc(rng, many, 0.92 * radius), rng.uniform(0.14, 0.24, many))
    plasm = young * dyes(azure=0.18, blue=0.4) + ripe * dyes(azure=0.14, blue=0.06, eosin=0.2)
    return [
        Layer(cell, plasm, 1 + 0.15 * smooth_noise(rng, frame, 1.2)),
        Layer(cell * _dust(rng, frame, 0.36, 0.45) * 0.65, dyes(azure=0.5, eosin=0.26)),
        Layer(nucleus, CHROMATIN * np.float32(0.82 + 0.1 * ripe), texture),
        Layer(azurophil * cell, dyes(azure=0.4), adds=True),
    ]
