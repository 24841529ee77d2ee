"""A classifier that looks at eight images at a time, and a folder of thirty cells for it."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from cellclf.inference.classifier import Classifier
from cellclf.inference.loading import load
from tests.loaded import REGISTRY, images

__all__ = ["SUFFIXES", "cells", "classifier", "contents", "small_chunks"]

SUFFIXES = (".csv", ".parquet", ".jsonl")


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cellclf.inference.chunks.FEWEST_IN_CHUNK", 8)


@pytest.fixture(scope="module")
def classifier(bundle: Path) -> Classifier:
    loaded = load(bundle, registry=REGISTRY)
    loaded.engine.batch_size = 8
    return loaded


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """Thirty files in two folders, every seventh of them unreadable."""
    for number, image in enumerate(images(30)):
        path = tmp_path / "cells" / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number % 7 == 3:
            path.touch()
        else:
            cv2.imwrite(str(path), image[..., ::-1])
    return tmp_path / "cells"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
