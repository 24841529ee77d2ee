from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

FIELD = (240, 320)
"""Height and width of the fields made here."""


def write_image(path: Path, height: int, width: int) -> None:
    """Write an image of its own at `path`, grey where it is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(list(path.as_posix().encode()))
    small = rng.integers(0, 255, (height // 10, width // 10, 3), np.uint8)
    image = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    _, encoded = cv2.imencode(path.suffix, image)
    path.write_bytes(encoded.tobytes())


@pytest.fixture
def lay_out_fields(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Make a field for each name, with the given text as its labels, as the set is published."""

    def make(labels: Mapping[str, str]) -> Path:
        root = tmp_path / "Chula-RBC-12-Dataset-main"
        (root / "Label").mkdir(parents=True)
        for name, text in labels.items():
            write_image(root / "Dataset" / f"{name}.jpg", *FIELD)
            (root / "Label" / f"{name}.txt").write_text(text, encoding="utf-8")
        (root / "README.md").write_text("# Chula RBC-12-Dataset", encoding="utf-8")
        return tmp_path

    return make


@pytest.fixture
def lay_out_cells(tmp_path: Path) -> Callable[..., Path]:
    """Make a single cell at each of the given paths."""

    def make(*paths: str) -> Path:
        root = tmp_path / "cells"
        for path in paths:
            write_image(root / path, 80, 80)
        return root

    return make
