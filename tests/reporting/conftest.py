"""A finished run with something in every section of its report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import cellclf
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.run import run
from cellclf.registry import installed
from tests.images import SIDE
from tests.tiny import TINY

CLASSES = (
    "basophil",
    "<script>alert(1)",
    "\u062e\u0644\u064a\u0629 \u0644\u0645\u0641\u0627\u0648\u064a\u0629",
    "neutrophil \U0001f9ea with a name that is far too long for any table",
)
"""Names that have done harm elsewhere: markup, right to left, emoji, and length."""

PER_CLASS = 240

EXPERIMENT: Mapping[str, Any] = {
    "data": {"dataset": "image_folder", "path": "cells", "image_size": 16},
    "models": {
        "first": {"use": "tiny_net"},
        "second": {"use": "tiny_net", "params": {"filters": 8}},
        "third": {"use": "tiny_net", "params": {"filters": 1}},
    },
    "training": {"epochs": 2, "batch_size": 16},
    "evaluation": {
        "gates": ["accuracy >= 0", "sensitivity.basophil >= 1 (lower bound)"],
        "target_accuracy": 0.5,
        "set_coverage": 0.8,
    },
    "card": {"intended_use": "To be looked at in a test.\nOn two lines.", "site": CLASSES[1]},
}


def write_cells(root: Path) -> None:
    """Write four classes that a small network confuses, on borders that tell one of them."""
    rng = np.random.default_rng(3)
    for number, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for index in range(PER_CLASS):
            image = rng.integers(120, 220, (SIDE, SIDE, 3)).astype(np.int16)
            image[4:-4, 4:-4] += rng.normal(-18 * number, 24, 3).astype(np.int16)
            if number == 0:
                image[:2] = 250
            _, encoded = cv2.imencode(".png", np.clip(image, 0, 255).astype(np.uint8))
            (root / name / f"{index:03}.png").write_bytes(encoded.tobytes())
        (root / name / "copy.png").write_bytes((root / name / "000.png").read_bytes())
    (root / CLASSES[0] / "broken.png").write_bytes(b"")


@pytest.fixture(scope="session")
def full_run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """A run of three models, to be looked at and left as it is."""
    place = tmp_path_factory.mktemp("full")
    write_cells(place / "cells")
    installed.cache_clear()
    cellclf.register(TINY)
    with pytest.MonkeyPatch.context() as changed:
        changed.chdir(place)
        finished = run(EXPERIMENT, out=place / "run")
    installed.cache_clear()
    return finished
