"""The rendered set: eight classes of blood cells, the same pictures for the same parameters."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellclf import Sample, Samples
from cellclf_blood.params import DemoParams
from cellclf_blood.render.scene import render
from cellclf_blood.vocabulary import CLASSES

__all__ = ["load", "picture"]


def picture(params: DemoParams, label: str, number: int) -> NDArray[np.uint8]:
    """Render picture `number` of class `label`.

    It depends on the seed, the class, the number and the image size alone, not on how many others
    are rendered nor in what order.

    Returns:
        `uint8`, `(image_size, image_size, 3)`, RGB.

    Example:
        >>> picture(DemoParams(image_size=64), "eosinophil", 7).shape
        (64, 64, 3)
    """
    entropy = (params.seed, CLASSES.index(label), number)
    rng = np.random.default_rng(np.random.SeedSequence(entropy))
    return render(rng, label, params.image_size)


def load(params: DemoParams, *, root: Path | None = None) -> Samples:
    """Render the set.

    Args:
        params: How many pictures, how large, and which.
        root: Not used: nothing is read.

    Returns:
        `images_per_class` samples of each of the eight classes, class by class, with ids such as
        `neutrophil/0007`; the pictures are in `Samples.images`.

    Example:
        >>> load(DemoParams(images_per_class=2, image_size=32)).images.shape
        (16, 32, 32, 3)
    """
    del root
    wanted = [(label, number) for label in CLASSES for number in range(params.images_per_class)]
    images = np.empty((len(wanted), params.image_size, params.image_size, 3), np.uint8)

    def fill(row: int) -> None:
        images[row] = picture(params, *wanted[row])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, range(len(wanted))))
    samples = tuple(
        Sample(id=f"{label}/{number:04d}", label=label, index=row)
        for row, (label, number) in enumerate(wanted)
    )
    return Samples(samples=samples, classes=CLASSES, images=images)
