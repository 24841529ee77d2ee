from __future__ import annotations

from pathlib import Path

import pytest
from cellclf import DataError

from cellclf_leukaemia_blasts.cells import load
from cellclf_leukaemia_blasts.params import CellsParams
from cellclf_leukaemia_blasts.sample import CELLS, FOLDS, SUBJECTS, lay_out


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    lay_out(tmp_path)
    return tmp_path


def test_the_name_says_class_and_subject(cells: Path) -> None:
    found = {one.id: one for one in load(CellsParams(), root=cells)}
    healthy = found["fold_1/hem/UID_H7_1_2_hem.bmp"]
    assert (healthy.label, dict(healthy.groups)) == ("normal", {"subject": "H7"})


def test_the_folds_that_are_asked_for_are_read(cells: Path) -> None:
    assert len(load(CellsParams(), root=cells)) == 2 * SUBJECTS * CELLS
    assert len(load(CellsParams(folds=(1,)), root=cells)) == 2 * SUBJECTS * CELLS // FOLDS


def test_an_image_that_is_not_called_as_published_is_refused_by_its_name(cells: Path) -> None:
    image = next(cells.glob("fold_0/all/*"))
    image.rename(image.with_name("1.bmp"))
    with pytest.raises(DataError, match=r"fold_0/all/1\.bmp"):
        load(CellsParams(), root=cells)
