from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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
