"""What came of classifying files."""

from __future__ import annotations

from pathlib import Path

import pytest

from cellclf.errors import RunError
from cellclf.evaluation.prediction_files import read_predictions
from cellclf.evaluation.predictions import predictions_table
from cellclf.inference.classified import Classified

TABLE = predictions_table(
    sample_ids=["a", "b", "c"],
    probabilities=[[0.9, 0.1, 0], [0.8, 0.2, 0], [0.1, 0.9, 0]],
    classes=("neutrophil", "band", "blast"),
)


def test_classes_are_counted_in_their_order_and_the_absent_too() -> None:
    classified = Classified(table=TABLE, unreadable={})
    assert classified.counts == {"neutrophil": 2, "band": 1, "blast": 0}
    assert list(classified.counts) == ["neutrophil", "band", "blast"]


def test_refused_cells_are_counted_apart() -> None:
    table = TABLE.assign(predicted=["unidentified", "neutrophil", "band"])
    counts = Classified(table=table, unreadable={}).counts
    assert counts == {"neutrophil": 1, "band": 1, "blast": 0, "unidentified": 1}


def test_the_summary_says_what_was_read_what_was_not_and_what_is_synthetic() -> None:
    text = Classified(
        table=TABLE, unreadable={"x.png": "the file is empty"}, synthetic=True
    ).summary()
    assert "neutrophil  2   66.7%" in text
    assert "x.png: the file is empty" in text
    assert "rendered images" in text
    assert "rendered" not in Classified(table=TABLE, unreadable={}).summary()


def test_of_no_image_there_is_a_summary_too() -> None:
    assert "total       0" in Classified(table=TABLE.iloc[:0], unreadable={}).summary()


def test_the_table_is_written_as_it_is(tmp_path: Path) -> None:
    Classified(table=TABLE, unreadable={}).write_csv(tmp_path / "new" / "out.csv")
    assert read_predictions(tmp_path / "new" / "out.csv").equals(TABLE)


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        Classified(table=TABLE, unreadable={}).write_csv(tmp_path / "file" / "out.csv")
