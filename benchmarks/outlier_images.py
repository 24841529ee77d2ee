"""Images that are no cell of the known classes: some kinds to choose a method on, others to judge.

All are `uint8`, RGB, `(n, size, size, 3)`. Nothing here is run by itself: see `confidence.py`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]

MADE = 1000
"""Images of each kind that is made."""

BLURS = (2, 3, 4, 6)
"""Standard deviations of the blur of defocused cells, pixels at 128."""


def to_choose_on(cells: Images, fields: Path, rng: np.random.Generator) -> dict[str, Images]:
    """Kinds that a method is chosen on, from cells of the calibration part."""
    some = cells[rng.choice(len(cells), MADE, replace=False)]
    return {
        "16 pieces, shuffled": _each(some, lambda cell: _shuffled(cell, rng)),
        "hue turned by 90 degrees": _each(some, _turned_hue),
        "negative": 255 - some,
        "four cells at half size": _mosaics(some, rng),
        "a quarter of a cell, enlarged": _each(some, _enlarged),
        "stripes": np.stack([_stripes(cells.shape[1], rng) for _ in range(MADE)]),
        "coloured gradients": np.stack([_gradient(cells.shape[1], rng) for _ in range(MADE)]),
        "red cells, BCCD": _red_cells(fields, cells.shape[1], rng),
    }


def to_judge_on(
    cells: Images, data: Path, read: Callable[[Sequence[Path]], Images], rng: np.random.Generator
) -> dict[str, Images]:
    """Kinds that a method was not chosen on, from cells of the test part and from files.

    Args:
        cells: Cells of the known classes.
        data: The folder that holds `chula_rbc` and `malaria`.
        read: Reads files at the size of the cells.
        rng: Decides everything.
    """
    size = cells.shape[1]
    some = cells[rng.choice(len(cells), MADE, replace=False)]
    corners = some[:, : size // 5, : size // 5]
    return {
        "malaria": read(sorted((data / "malaria").rglob("*.png"))),
        "uniform noise": rng.integers(0, 256, some.shape, dtype=np.uint8),
        "plain background": np.stack([_plain(corner, size, rng) for corner in corners]),
        "corners of images, enlarged": _each(corners, lambda corner: _resized(corner, size)),
        "red cells, Chula": read(sorted((data / "chula_rbc").rglob("*.png"))),
        **{
            f"out of focus by {blur} px": _each(
                some, lambda cell, blur=blur: cv2.GaussianBlur(cell, (0, 0), blur * size / 128)
            )
            for blur in BLURS
        },
    }


def _each(images: Images, change: Callable[..., Any]) -> Images:
    return np.stack([change(image) for image in images])


def _resized(image: Any, size: int) -> Any:
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC)


def _shuffled(image: Any, rng: np.random.Generator) -> Any:
    pieces = [piece for row in np.split(image, 4) for piece in np.split(row, 4, axis=1)]
    order = rng.permutation(len(pieces)).reshape(4, 4)
    return np.concatenate(
        [np.concatenate([pieces[place] for place in row], axis=1) for row in order]
    )


def _turned_hue(image: Any) -> Any:
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 45) % 180  # OpenCV counts in steps of two degrees
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def _mosaics(images: Images, rng: np.random.Generator) -> Images:
    size = images.shape[1]
    half = [
        cv2.resize(image, (size // 2, size // 2), interpolation=cv2.INTER_AREA) for image in images
    ]
    made = []
    for _ in range(len(images)):
        a, b, c, d = (half[row] for row in rng.choice(len(half), 4, replace=False))
        made.append(np.vstack([np.hstack([a, b]), np.hstack([c, d])]))
    return np.stack(made)


def _enlarged(image: Any) -> Any:
    size = len(image)
    middle = slice(size * 3 // 8, size * 5 // 8)
    return _resized(np.ascontiguousarray(image[middle, middle]), size)


def _slope(size: int, rng: np.random.Generator) -> Any:
    """From 0 to about 1 in some direction."""
    angle, along = rng.uniform(0, np.pi), np.linspace(0, 1, size)
    return np.cos(angle) * along[None, :] + np.sin(angle) * along[:, None]


def _stripes(size: int, rng: np.random.Generator) -> Any:
    waves = np.sign(np.sin(2 * np.pi * rng.uniform(2, 16) * _slope(size, rng)))
    return (128 + 100 * waves[..., None] * rng.uniform(-1, 1, 3)).astype(np.uint8)


def _gradient(size: int, rng: np.random.Generator) -> Any:
    colours = rng.uniform(0, 255, 3) + _slope(size, rng)[..., None] * rng.uniform(-200, 200, 3)
    return np.clip(colours, 0, 255).astype(np.uint8)


def _plain(corner: Any, size: int, rng: np.random.Generator) -> Any:
    """The brightest colour that is common in a corner, with the noise of a camera."""
    colour = np.percentile(corner.reshape(-1, 3), 75, axis=0)
    return np.clip(rng.normal(colour, 3, (size, size, 3)).round(), 0, 255).astype(np.uint8)


def _red_cells(fields: Path, size: int, rng: np.random.Generator) -> Images:
    """Red cells cut out of fields by the boxes that come with them."""
    found = []
    for boxes in sorted(fields.rglob("*.xml")):
        (picture,) = fields.rglob(f"{boxes.stem}.jp*g")
        field = cv2.cvtColor(cv2.imread(str(picture)), cv2.COLOR_BGR2RGB)
        for thing in ElementTree.parse(boxes).iter("object"):
            if thing.findtext("name") != "RBC":
                continue
            left, top, right, bottom = (
                max(int(thing.findtext(f"bndbox/{edge}", "0")), 0)
                for edge in ("xmin", "ymin", "xmax", "ymax")
            )
            cell = field[top:bottom, left:right]
            if min(cell.shape[:2]) > 20:
                found.append(_resized(cell, size))
    return np.stack([found[row] for row in rng.choice(len(found), MADE, replace=False)])
