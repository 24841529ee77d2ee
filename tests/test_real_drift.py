"""Drift on real images, where `CELLCLF_REAL_DATA` says that there are some."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from cellclf.data.stain_focus import stain_and_focus
from cellclf.evaluation.drift import Drift, UsualLook
from cellclf.inference.chunks import input_chunks
from cellclf.inference.finding import find_inputs

SIZE = 96
PER_CLASS = 120

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


def real(name: str, per_class: int) -> tuple[np.ndarray, np.ndarray]:
    """Images and class numbers, class by class; by the classes of `pbc`."""
    place = Path(os.environ.get("CELLCLF_REAL_DATA", "nowhere"))
    if not (place / name).is_dir():
        pytest.skip(f"CELLCLF_REAL_DATA names no folder that holds {name}/")
    classes = sorted(path.name for path in (place / "pbc").iterdir())
    files = [
        file
        for folder in sorted((place / name).iterdir())
        for file in sorted(folder.iterdir())[:per_class]
    ]
    chunks = input_chunks(find_inputs(files), size=SIZE, mode="stretch", length=64)
    images = np.concatenate([chunk.images for chunk in chunks])
    return images, np.array([classes.index(file.parent.name) for file in files])


def test_other_cells_of_the_laboratory_are_no_drift_and_those_of_another_are() -> None:
    images, labels = real("pbc", PER_CLASS)
    training = np.arange(len(images)) % 2 == 0
    usual = UsualLook.of(stain_and_focus(images[training]), labels[training], classes=8)
    rest, taken_for = images[~training], labels[~training]

    def compared(changed: np.ndarray, numbers: np.ndarray) -> Drift:
        return usual.compared(stain_and_focus(changed), numbers)

    assert compared(rest, taken_for).departures == ()
    for number in range(8):
        of_class = taken_for == number
        assert compared(rest[of_class], taken_for[of_class]).departures == ()
    blurred = np.stack([cv2.GaussianBlur(one, (0, 0), 1.5) for one in rest])
    assert "sharpness" in {one.measure for one in compared(blurred, taken_for).departures}
    darker = (rest * 0.93).astype(np.uint8)
    assert "background_l" in {one.measure for one in compared(darker, taken_for).departures}
    assert compared(*real("bccd_crop", 30)).departures
