"""Small image files for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

SIDE = 20


def write_folder(root: Path, counts: Mapping[str, int], *, suffix: str = ".png") -> None:
    """Write one folder a class, each class a shade of its own with noise on it."""
    rng = np.random.default_rng(7)
    for number, (label, count) in enumerate(counts.items()):
        folder = root / label
        folder.mkdir(parents=True)
        for index in range(count):
            shade = 60 + 130 * number // max(1, len(counts) - 1)
            noise = rng.integers(-20, 20, (SIDE, SIDE, 3))
            image = np.clip(shade + noise, 0, 255).astype(np.uint8)
            _, encoded = cv2.imencode(suffix, image)
            (folder / f"{index:03}{suffix}").write_bytes(encoded.tobytes())
