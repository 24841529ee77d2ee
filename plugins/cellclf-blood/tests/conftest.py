"""Tiny sets in the layouts of the published ones, made for each test."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture
def lay_out(tmp_path: Path) -> Callable[..., Path]:
    """Make empty files at the given paths below a fresh folder and return that folder."""

    def make(*paths: str) -> Path:
        for path in paths:
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        return tmp_path

    return make


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Path]:
    """Draw small images, no two alike, at the given paths below a folder, and return that."""
    rng = np.random.default_rng(11)

    def make(*paths: str, height: int = 12, width: int = 12) -> Path:
        root = tmp_path / "drawn"
        for path in paths:
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
            file.write_bytes(cv2.imencode(file.suffix, pixels)[1].tobytes())
        return root

    return make


@pytest.fixture
def zipped() -> Callable[[Path], Path]:
    """Pack the content of a folder into a zip file beside it."""

    def make(folder: Path) -> Path:
        archive = folder.with_name(f"{folder.name}.zip")
        with zipfile.ZipFile(archive, "w") as file:
            for path in sorted(folder.rglob("*")):
                file.write(path, path.relative_to(folder))
        return archive

    return make


@pytest.fixture
def real_data() -> Path:
    """The folder of real images, which only some machines have."""
    place = os.environ.get("CELLCLF_REAL_DATA")
    if not place:
        pytest.skip("CELLCLF_REAL_DATA is not set")
    return Path(place)
