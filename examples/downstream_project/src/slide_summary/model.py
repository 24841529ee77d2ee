"""A model, from wherever the user has one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cellclf

__all__ = ["classifier_from"]

MODEL_FILE = ".safetensors"
RECORD = "record.json"
"""What every run directory holds."""


def classifier_from(source: Path, *, runs: Path, **settings: Any) -> cellclf.Classifier:
    """Load a model, or train one.

    Args:
        source: A model file, a run directory, or a folder of labelled cells to train on.
        runs: Where a training is written. Asked for again, it goes on or is only read.
        **settings: Sections of the experiment, such as `training={"epochs": 20}`.

    Raises:
        cellclf.CellclfError: The source is none of the three, or cannot be used.
    """
    if source.suffix == MODEL_FILE or (source / RECORD).exists():
        return cellclf.load(source)
    data = {"dataset": "image_folder", "path": str(source), **settings.pop("data", {})}
    trained = cellclf.run(data=data, models=["custom_cnn"], out=str(runs), **settings)
    return trained.load()
