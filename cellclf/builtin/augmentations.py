"""The standard augmentations: what each does to the pixels of one image.

All take an image (`uint8`, RGB, `(height, width, 3)`), a generator and parameters, and give an
image of the same shape and type. The input is never changed; where there is nothing to do it is
itself returned. What geometry uncovers is filled by reflecting the image at its border.

Changes of single levels are done through tables of 256 entries, whatever their formula.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cellclf.builtin.augmentation_specs import (
        BlurParams,
        BrightnessParams,
        ContrastParams,
        FlipParams,
        NoiseParams,
        RotationParams,
        ShiftParams,
        StainParams,
        ZoomParams,
    )

__all__ = [
    "blur",
    "brightness",
    "contrast",
    "flip",
    "noise",
    "rotation",
    "shift",
    "stain",
    "zoom",
]

Image = NDArray[np.uint8]

BORDER = cv2.BORDER_REFLECT_101
FULL = 255
LEVELS = np.arange(FULL + 1, dtype=np.float64)

DENSITIES = -np.log10(np.maximum(LEVELS, 1 / 2) / FULL)
"""Optical density of each level; that of black is taken for that of half a level."""

NORMAL_QUANTILES = np.array([NormalDist().inv_cdf((i + 0.5) / (FULL + 1)) for i in range(FULL + 1)])
"""What a random byte stands for as a draw from the standard normal distribution."""


def flip(image: Image, rng: np.random.Generator, params: FlipParams) -> Image:
    """Mirror left and right, top and bottom, each in half of the images.

    Example:
        >>> from cellclf.builtin.augmentation_specs import FlipParams
        >>> row = np.uint8([[[1, 1, 1], [2, 2, 2]]])
        >>> flip(row, np.random.default_rng(0), FlipParams())[0, :, 0]
        array([1, 2], dtype=uint8)
        >>> flip(row, np.random.default_rng(2), FlipParams())[0, :, 0]
        array([2, 1], dtype=uint8)
    """
    left_right, top_bottom = rng.random(2) < 1 / 2
    if left_right and params.horizontal:
        image = _pixels(cv2.flip(image, 1))
    if top_bottom and params.vertical:
        image = _pixels(cv2.flip(image, 0))
    return image


def rotation(image: Image, rng: np.random.Generator, params: RotationParams) -> Image:
    """Turn by an angle drawn evenly from `-max_degrees` to `max_degrees`."""
    degrees = rng.uniform(-params.max_degrees, params.max_degrees)
    return _turned_and_scaled(image, degrees=degrees, scale=1)


def zoom(image: Image, rng: np.random.Generator, params: ZoomParams) -> Image:
    """Scale by a factor from `1 / (1 + shrink)` to `1 + amount`, even in its logarithm."""
    shrink = params.amount if params.shrink is None else params.shrink
    factor = np.exp(rng.uniform(-np.log1p(shrink), np.log1p(params.amount)))
    return _turned_and_scaled(image, degrees=0, scale=factor)


def shift(image: Image, rng: np.random.Generator, params: ShiftParams) -> Image:
    """Move by whole pixels, which blurs nothing, up to `fraction` of the width and height."""
    height, width = image.shape[:2]
    right = round(rng.uniform(-params.fraction, params.fraction) * width)
    down = round(rng.uniform(-params.fraction, params.fraction) * height)
    if right == 0 and down == 0:
        return image
    kept = image[max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)]
    return _pixels(
        cv2.copyMakeBorder(kept, max(0, down), max(0, -down), max(0, right), max(0, -right), BORDER)
    )


def contrast(image: Image, rng: np.random.Generator, params: ContrastParams) -> Image:
    """Multiply each level's distance from the mean of the image by `1 - amount` to `1 + amount`."""
    factor = rng.uniform(1 - params.amount, 1 + params.amount)
    mean = sum(cv2.mean(image)) / image.shape[2]
    return _looked_up(image, (LEVELS - mean) * factor + mean)


def brightness(image: Image, rng: np.random.Generator, params: BrightnessParams) -> Image:
    """Multiply all levels by one factor, as a brighter or dimmer lamp would."""
    return _looked_up(image, LEVELS * rng.uniform(1 - params.amount, 1 + params.amount))


def stain(image: Image, rng: np.random.Generator, params: StainParams) -> Image:
    """Scale and offset each channel's optical density.

    Light passing a stained cell is weakened by the Beer-Lambert law, `I = 255 * 10 ** -D`, and the
    optical density `D` grows with the amount of dye (Ruifrok and Johnston 2001, Anal Quant Cytol
    Histol 23:291). As in Tellez et al. (2018, IEEE Trans Med Imaging 37:2126), densities become
    `a * D + b` with random `a` and `b`; there per dye after unmixing, here per colour channel,
    because the dyes are not known. With `curve` they become `a * D ** c + b`, the power even in its
    logarithm: cameras differ in their curve, and dyes in how they divide between parts of a cell.
    With `mix` they then take from each other: dyes that are changed each by itself change all
    channels together.
    """
    if rng.random() >= params.probability:
        return image
    channels = image.shape[2]
    a = rng.uniform(1 - params.scale, 1 + params.scale, channels)
    b = rng.uniform(-params.offset, params.offset, channels)
    if params.curve == 0 and params.mix == 0:
        return _looked_up(image, FULL * (LEVELS[:, None] / FULL) ** a * 10.0**-b)
    steepest = np.log1p(params.curve)
    c = np.exp(rng.uniform(-steepest, steepest, channels))
    densities = a * DENSITIES[:, None] ** c + b
    if params.mix == 0:
        return _looked_up(image, FULL * 10.0**-densities)
    taken = rng.uniform(-params.mix, params.mix, (channels, channels))
    np.fill_diagonal(taken, 1)
    seen = cv2.LUT(image, densities.astype(np.float32).reshape(1, FULL + 1, channels))
    levels = cv2.exp(cv2.transform(seen, -math.log(10) * taken)) * np.float32(FULL)
    return _pixels(cv2.add(np.zeros_like(image), levels, dtype=cv2.CV_8U))  # rounded and cut off


def blur(image: Image, rng: np.random.Generator, params: BlurParams) -> Image:
    """Blur a share of the images with a Gaussian of a width up to `max_sigma` pixels."""
    sigma = rng.uniform(0, params.max_sigma)
    if rng.random() >= params.probability or sigma == 0:
        return image
    return _pixels(cv2.GaussianBlur(image, (0, 0), sigma, borderType=BORDER))


def noise(image: Image, rng: np.random.Generator, params: NoiseParams) -> Image:
    """Add Gaussian noise to a share of the images, each pixel and channel by itself.

    A random byte looked up among 256 normal quantiles is ten times as fast to draw as a normal
    number, and indistinguishable after rounding to whole levels.
    """
    sigma = rng.uniform(0, params.max_sigma)
    if rng.random() >= params.probability:
        return image
    table = np.rint(NORMAL_QUANTILES * sigma).astype(np.int16)
    drawn = np.frombuffer(rng.bytes(image.size), dtype=np.uint8).reshape(image.shape)
    return _pixels(cv2.add(image, cv2.LUT(drawn, table), dtype=cv2.CV_8U))


def _turned_and_scaled(image: Image, *, degrees: float, scale: float) -> Image:
    if degrees == 0 and scale == 1:
        return image
    height, width = image.shape[:2]
    middle = ((width - 1) / 2, (height - 1) / 2)
    matrix = cv2.getRotationMatrix2D(middle, degrees, scale)
    return _pixels(
        cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=BORDER)
    )


def _looked_up(image: Image, levels: NDArray[np.float64]) -> Image:
    """Replace each level by its entry in `levels`, `(256,)` or, per channel, `(256, channels)`."""
    table = np.clip(np.rint(levels), 0, FULL).astype(np.uint8)
    return _pixels(cv2.LUT(image, table.reshape(1, FULL + 1, -1)))


def _pixels(array: object) -> Image:
    """Say to the type checker what OpenCV's own annotations leave open."""
    return np.asarray(array, dtype=np.uint8)
