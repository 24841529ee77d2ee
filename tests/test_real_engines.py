"""Engines, formats and backends on real images, which `CELLCLF_REAL_DATA` names."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.engine_equality import evenly, every_row, read

SIZE, IMAGES = 64, 80

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


def test_every_engine_format_and_backend_says_the_same_of_real_cells(tmp_path: Path) -> None:
    pytest.importorskip("cellclf_custom_cnn")
    place = Path(os.environ.get("CELLCLF_REAL_DATA", "nowhere")) / "pbc"
    if not place.is_dir():
        pytest.skip("CELLCLF_REAL_DATA names no folder that holds pbc/")
    files = evenly(place, IMAGES)
    labels = np.unique([file.parent.name for file in files], return_inverse=True)[1]
    found = [*every_row("custom_cnn", read(files, SIZE), labels, tmp_path)]
    assert {"engine `saved_model`", "format `saved_model`"} <= {row.what for row in found}
    for row in found:
        assert row.images == IMAGES
        assert row.probabilities <= 1e-4, row
        assert row.outlier_score <= 1e-3, row
        assert row.other_class == 0, row
