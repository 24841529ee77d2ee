"""Cells that a page shows one by one."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image

from cellclf.reporting.shown import shown_cells


def test_each_cell_has_its_pictures_and_what_was_said_of_it() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 300, 400, 3), dtype=np.uint8)
    table = pd.DataFrame(
        {
            "sample_id": ["a/1.png", "b/2.png"],
            "label": ["a", "b"],
            "top_class": ["a", "a"],
            "confidence": [0.75, 0.5],
        }
    )
    first, second = shown_cells(images, table, overlays={"Grad-CAM": images[:, :40, :40]})
    assert (first.name, first.label, first.predicted, first.confidence) == (
        "a/1.png",
        "a",
        "a",
        0.75,
    )
    assert (first.right, second.right) == (True, False)
    assert [*second.pictures] == ["cell", "Grad-CAM"]
    sizes = [Image.open(BytesIO(picture)).size for picture in second.pictures.values()]
    assert sizes == [(192, 144), (40, 40)]
