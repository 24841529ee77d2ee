from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

LayOut = Callable[..., Path]


@pytest.fixture
def lay_out(tmp_path: Path) -> LayOut:
    """Write a small image of its own at each of the given paths, and return their folder."""
    root = tmp_path / "set"

    def make(*paths: str) -> Path:
        for path in paths:
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            rng = np.random.default_rng(list(path.encode()))
            _, encoded = cv2.imencode(".png", rng.integers(0, 255, (12, 12, 3), np.uint8))
            file.write_bytes(encoded.tobytes())
        return root

    return make
