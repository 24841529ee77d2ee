"""Images that checks show to a plugin, and files of them for its tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["SIZES", "coloured", "flat", "write_images"]

SIZES = ((17, 40), (40, 17), (8, 8), (33, 64))
"""Heights and widths: neither square nor even, and small."""

SEED = 7


def flat(colour: Sequence[int], height: int, width: int) -> NDArray[np.uint8]:
    """Return an image of one colour, `(height, width, 3)`."""
    return np.broadcast_to(np.array(colour, np.uint8), (height, width, 3)).copy()


def coloured(height: int, width: int) -> NDArray[np.uint8]:
    """Return a pink image with a violet disc off its middle, and noise, `(height, width, 3)`."""
    rows, columns = np.mgrid[0:height, 0:width]
    away = np.hypot((rows - 0.4 * height) / height, (columns - 0.6 * width) / width)
    image = np.where(away[..., None] < 0.25, (110, 60, 150), (225, 190, 200))
    noise = np.random.default_rng(SEED).integers(-15, 16, (height, width, 3))
    return (image + noise).astype(np.uint8)


def write_images(folder: Path, *paths: str, height: int = 12, width: int = 12) -> None:
    """Write small images, each one of its own, in the layout of a set.

    Args:
        folder: Where to.
        paths: Path of each below `folder`, with `/` between folders; its ending says which kind of
            file it is. Missing folders are made.
        height: In pixels.
        width: In pixels.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_images(Path(folder), "round/1.png", "long/2.png")
        ...     sorted(path.name for path in Path(folder).rglob("*.png"))
        ['1.png', '2.png']
    """
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(list(path.encode()))
        _, encoded = cv2.imencode(file.suffix, rng.integers(0, 256, (height, width, 3), np.uint8))
        file.write_bytes(encoded.tobytes())
