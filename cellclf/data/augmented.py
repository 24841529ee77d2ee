"""One image as an epoch shows it: augmented, by random numbers that belong to that view alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.errors import PluginError

__all__ = ["ORDER", "TURNS", "Augment", "augmented", "augmented_views", "generator"]

Augment = Sequence[tuple[Callable[..., NDArray[np.uint8]], Any]]
"""A chain of augmentations in the order of their application: pairs of `apply` and its params."""

PIXELS, TURNS, ORDER = range(3)
"""What a generator is for, as the second half of its key: the pixels of a view, who is seen once
more, and the order of an epoch."""


def augmented_views(
    images: NDArray[np.uint8], rows: Sequence[int], chain: Augment, *, seed: int, views: int
) -> NDArray[np.uint8]:
    """Return augmented views of some images, as a sheet for people to look at.

    Args:
        images: All images of the set, `uint8`, `(n, height, width, 3)`.
        rows: Which of them.
        chain: Augmentations, in order.
        seed: The seed of training: view `k` is then what training sees as the sample's copy `k` in
            its first epoch.
        views: How many of each image.

    Returns:
        `uint8`, `(len(rows), views, height, width, 3)`.
    """
    sheet = np.empty((len(rows), views, *images.shape[1:]), dtype=np.uint8)
    for place, row in enumerate(rows):
        for turn in range(views):
            sheet[place, turn] = augmented(
                np.asarray(images[row]), chain, seed=seed, epoch=0, row=row, turn=turn
            )
    return sheet


def augmented(
    image: NDArray[np.uint8], chain: Augment, *, seed: int, epoch: int, row: int, turn: int
) -> NDArray[np.uint8]:
    """Send one image through a chain of augmentations, with a generator of its own.

    Args:
        image: `uint8`, RGB, `(height, width, 3)`; left as it is.
        chain: Augmentations, in order.
        seed: The seed of the run.
        epoch: From 0.
        row: Row of the image in the set.
        turn: Which of its views in the epoch, from 0.

    Returns:
        Of the same shape and type: a function of the arguments alone.

    Raises:
        PluginError: An augmentation changed the shape or type of an image.
    """
    rng = generator(seed, PIXELS, epoch, row, turn)
    shape = image.shape
    for apply, params in chain:
        image = image.view()
        image.flags.writeable = False  # An augmentation that writes into its input stops here.
        image = apply(image, rng, params)
        if image.shape != shape or image.dtype != np.uint8:
            raise PluginError(
                f"augmentation {apply.__module__}:{apply.__qualname__} must return uint8 of shape "
                f"{shape}. Received: {image.dtype} of shape {image.shape}"
            )
    return image


def generator(seed: int, purpose: int, *counters: int) -> np.random.Generator:
    """Return the generator that belongs to these numbers and to no others.

    Philox (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") turns a key and a
    counter into random bits, so streams are told apart exactly, not by the luck of a hash. The
    lowest word of the counter is left for the draws themselves.
    """
    counter = np.zeros(4, dtype=np.uint64)
    counter[1 : 1 + len(counters)] = counters
    key = np.array((seed, purpose), dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
