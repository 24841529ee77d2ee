"""A folder of very many images, made of a few: what benchmarks of very many predictions look at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

DISTINCT, IN_A_FOLDER = 200, 1_000
SIZE = 64


def many_files(folder: Path, sources: Path, count: int) -> None:
    """Name 200 JPEG files of small noise `count` times, by hard links, in folders of a thousand.

    Args:
        folder: Where the names go.
        sources: Where the files are; they are made where there are none.
        count: How many names.
    """
    if not sources.is_dir():
        _make(sources)
    files = sorted(sources.iterdir())
    for number in range(count):
        inner = folder / f"{number // IN_A_FOLDER:03}"
        inner.mkdir(parents=True, exist_ok=True)
        (inner / f"{number:06}.jpg").hardlink_to(files[number % len(files)])


def _make(sources: Path) -> None:
    sources.mkdir()
    rng = np.random.default_rng(0)
    for number in range(DISTINCT):
        small = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        image = cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
        _, encoded = cv2.imencode(".jpg", image)
        (sources / f"{number}.jpg").write_bytes(encoded.tobytes())
