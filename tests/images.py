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


def write_divided(root: Path) -> None:
    """Two classes in train and test; patient 1 lies in both, and one image is there twice."""
    write_folder(root, {"lymphocyte": 12, "monocyte": 12})
    for label in ("lymphocyte", "monocyte"):
        for number, file in enumerate(sorted((root / label).iterdir())):
            part, patient = ("test", 1) if number < 4 else ("train", max(1, number - 6))
            place = root / part / label / f"p{patient}_{number}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            file.rename(place)
        (root / label).rmdir()
