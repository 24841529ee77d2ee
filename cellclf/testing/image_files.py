"""Small images as files, for the tests of plugins."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

__all__ = ["write_images"]


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
