"""Checks of what an augmentation promises."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.testing.augmentations.images import SIZES, coloured, flat
from cellclf.testing.require import require
from cellclf.testing.trial import Trial

__all__ = [
    "any_size_is_taken",
    "colours_stay_themselves",
    "equal_generators_give_equal_images",
    "image_is_not_changed",
    "light_stays_light",
    "only_the_generator_decides",
    "something_changes",
    "speed_is_known",
    "uint8_of_the_same_shape_comes_out",
]

Image = NDArray[np.uint8]

DRAWS = 100
"""Generators that are tried where something may happen to one image in ten only."""

FEW_DRAWS = 20

SQUARE = (32, 32)
SPEED_SIZE = 128
SPEED_CALLS = 50

DARK, LIGHT = 64, 191
"""Mean levels that a white image must stay above, and a black one below."""

COLOURS = ((200, 120, 60), (150, 80, 180), (70, 130, 190))
"""Each channel is the lightest once, and the darkest once."""


def _applied(trial: Trial) -> Callable[[Image, int], Any]:
    """The augmentation as the core calls it: an image that cannot be written to, and a seed."""
    apply = trial.function("apply")

    def applied(image: Image, seed: int) -> Any:
        shown = image.copy()
        shown.flags.writeable = False
        return apply(shown, np.random.default_rng(seed), trial.params)

    return applied


def _require_like(trial: Trial, found: Any, image: Image) -> None:
    about = (getattr(found, "dtype", type(found).__name__), np.shape(found))
    require(
        about == (np.dtype(np.uint8), image.shape),
        f"{trial.subject} must return uint8 of the shape of its image, {image.shape}. "
        f"Received: {about[0]}, {about[1]}",
    )


def image_is_not_changed(trial: Trial) -> None:
    """The image that is given belongs to the core, which shows it again."""
    apply = trial.function("apply")
    image = coloured(*SQUARE)
    for seed in range(DRAWS):
        before = image.copy()
        apply(image, np.random.default_rng(seed), trial.params)
        require(
            np.array_equal(image, before),
            f"{trial.subject} must not change the image that it is given: copy it first",
        )


def uint8_of_the_same_shape_comes_out(trial: Trial) -> None:
    """What comes out can take the place of what went in."""
    image = coloured(*SQUARE)
    for seed in range(DRAWS):
        _require_like(trial, trial.of(_applied)(image, seed), image)


def any_size_is_taken(trial: Trial) -> None:
    """Images that are not square, and small ones, are images too."""
    for height, width in SIZES:
        image = coloured(height, width)
        for seed in range(FEW_DRAWS):
            try:
                found = trial.of(_applied)(image, seed)
            except Exception as error:
                raise AssertionError(
                    f"{trial.subject} must take images of any size. Received for {image.shape}: "
                    f"{type(error).__name__}: {error}"
                ) from error
            _require_like(trial, found, image)


def equal_generators_give_equal_images(trial: Trial) -> None:
    """A run that is repeated sees the same images."""
    image = coloured(*SQUARE)
    for seed in range(FEW_DRAWS):
        first, second = (_after_seeds(trial, image, seed, 0) for _ in range(2))
        require(
            np.array_equal(first, second),
            f"{trial.subject} must give the same image for equal generators: draw from `rng` "
            "alone, and keep nothing between calls",
        )


def only_the_generator_decides(trial: Trial) -> None:
    """Whoever else draws random numbers in the process changes nothing."""
    image = coloured(*SQUARE)
    for seed in range(FEW_DRAWS):
        first, second = (_after_seeds(trial, image, seed, other) for other in (1, 2))
        require(
            np.array_equal(first, second),
            f"{trial.subject} must draw from the generator that it is given alone: not from "
            "`random`, and not from `numpy.random`",
        )


def _after_seeds(trial: Trial, image: Image, seed: int, other: int) -> Any:
    """What comes out after the global generators were seeded, which then stand as before."""
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002  the old one is what must not matter
    try:
        np.random.seed(other)  # noqa: NPY002
        random.seed(other)
        return trial.of(_applied)(image, seed)
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


def something_changes(trial: Trial) -> str:
    """An augmentation that leaves every image as it is costs time for nothing."""
    image = coloured(*SQUARE)
    changed = sum(
        not np.array_equal(trial.of(_applied)(image, seed), image) for seed in range(DRAWS)
    )
    require(changed > 0, f"{trial.subject} must change an image now and then: {DRAWS} are the same")
    return f"{changed} of {DRAWS} images changed"


def _means(trial: Trial, image: Image) -> Iterator[NDArray[np.float64]]:
    """The mean level of each channel, of many results."""
    for seed in range(DRAWS):
        yield np.asarray(trial.of(_applied)(image, seed)).mean(axis=(0, 1))


def light_stays_light(trial: Trial) -> None:
    """Levels beyond 255 are cut off; a byte that runs over makes white black."""
    lightest = min(mean.mean() for mean in _means(trial, flat((250, 250, 250), *SQUARE)))
    darkest = max(mean.mean() for mean in _means(trial, flat((5, 5, 5), *SQUARE)))
    require(
        lightest >= DARK and darkest <= LIGHT,
        f"{trial.subject} must leave white light and black dark: cut levels off at 0 and 255 "
        f"before they become uint8. Received: a white image of mean level {lightest:.0f}, a black "
        f"one of {darkest:.0f}",
    )


def colours_stay_themselves(trial: Trial) -> None:
    """The colour of a stain is what a class is known by: no grey, no channel in another's place."""
    for colour in COLOURS:
        order = np.argsort(colour)
        for mean in _means(trial, flat(colour, *SQUARE)):
            require(
                bool((np.diff(mean[order]) > 0).all()),
                f"{trial.subject} must leave the order of red, green and blue: classes of stained "
                f"cells are known by it. Received: mean colour {mean.round().tolist()} for "
                f"{list(colour)}",
            )


def speed_is_known(trial: Trial) -> str:
    """How long one image takes."""
    image = coloured(SPEED_SIZE, SPEED_SIZE)
    trial.of(_applied)(image, 0)
    began = time.perf_counter()
    for seed in range(SPEED_CALLS):
        trial.of(_applied)(image, seed)
    each = (time.perf_counter() - began) / SPEED_CALLS
    return f"{each * 1e3:.2f} ms for an image of {SPEED_SIZE} x {SPEED_SIZE}"
