from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from slide_summary.command import main
from slide_summary.summary import by_slide

SIDE = 32
SMALL = ("--epochs", "3", "--image-size", "32")


def draw(folder: Path, *, shade: int, cells: int) -> None:
    """Draw cells of one shade on a lighter ground, each with granules of its own."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng([shade, cells])
    for number in range(cells):
        image = np.full((SIDE, SIDE, 3), 225, np.uint8)
        cv2.circle(image, (SIDE // 2, SIDE // 2), int(rng.integers(10, 14)), (shade,) * 3, -1)
        for x, y, size in rng.integers((6, 6, 1), (26, 26, 5), (9, 3)).tolist():
            cv2.circle(image, (x, y), size, rng.integers(0, 255, 3).tolist(), -1)
        assert cv2.imwrite(str(folder / f"{number:02}.png"), image)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    draw(tmp_path / "cells" / "dark", shade=60, cells=24)
    draw(tmp_path / "cells" / "pale", shade=170, cells=24)
    draw(tmp_path / "slides" / "7", shade=60, cells=5)
    draw(tmp_path / "slides" / "8", shade=170, cells=3)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_of_cells_is_trained_on_and_its_run_is_loaded_the_next_time(place: Path) -> None:
    assert main(["cells", "slides", *SMALL]) == 0
    first = pd.read_csv(place / "summary.csv", dtype={"slide": str})
    assert first["slide"].tolist() == ["7", "8"]
    assert first["cells"].tolist() == [5, 3]
    shares = first[["dark", "pale", "unidentified"]].sum(axis=1)
    assert shares.tolist() == pytest.approx([1.0, 1.0])
    assert main(["runs/slide_summary", "slides", "--out", "again.csv"]) == 0
    pd.testing.assert_frame_equal(first, pd.read_csv(place / "again.csv", dtype={"slide": str}))


def test_what_cannot_be_used_is_said_in_one_line(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["nothing", "slides"]) == 1
    assert "nothing" in capsys.readouterr().err


def test_a_class_that_no_cell_has_is_still_a_column() -> None:
    seen = pd.DataFrame({"path": ["7/a.png"], "predicted": ["dark"], "review": [None]})
    assert by_slide(seen, ["dark", "pale"]).loc[0].to_dict() == {
        "slide": "7",
        "cells": 1,
        "dark": 1.0,
        "pale": 0.0,
        "unidentified": 0.0,
        "to_review": 0,
    }
