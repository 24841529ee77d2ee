"""What came of classifying files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cellclf.errors import DataError, LeakageError, LeakageWarning, RunError
from cellclf.evaluation.drift import Drift
from cellclf.evaluation.prediction_files import Sidecar, read_predictions
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
    assert "neutrophil  2   66.7\xa0%" in text
    assert "x.png: the file is empty" in text
    assert "rendered images" in text
    assert "rendered" not in Classified(table=TABLE, unreadable={}).summary()


def test_the_summary_says_how_many_are_for_review_and_why() -> None:
    assert "Not calibrated" in Classified(table=TABLE, unreadable={}).summary()
    marked = TABLE.assign(
        predicted=["unidentified", "neutrophil", "band"],
        review=pd.Series([True, False, True], dtype="boolean"),
    )
    text = Classified(table=marked, unreadable={}).summary()
    assert "For review: 2: 1 unidentified, 1 unsure" in text
    assert "Not calibrated" not in text


def test_the_summary_says_how_the_images_look_also_where_nothing_departs() -> None:
    unknown = Classified(table=TABLE, unreadable={}).summary()
    assert "Drift: not known." in unknown
    alike = Classified(table=TABLE, unreadable={}, drift=Drift(images=3)).summary()
    assert "none found in stain, light and focus of 3 images" in alike
    assert "not known" not in alike


def test_where_no_threshold_was_found_the_summary_says_why_all_is_for_review() -> None:
    thresholds = {"review": 2.0, "review_target": 0.98, "calibrated_on": 56.0}
    sidecar = Sidecar(classes=("neutrophil", "band", "blast"), thresholds=thresholds)
    text = Classified(table=TABLE, unreadable={}, sidecar=sidecar).summary()
    assert "No threshold: from the 56 images of the calibration part" in text
    assert "98 % of the answers right" in text
    sure = sidecar.model_copy(update={"thresholds": {**thresholds, "review": 0.9}})
    assert "No threshold" not in Classified(table=TABLE, unreadable={}, sidecar=sure).summary()


def test_a_batch_that_is_refused_as_a_whole_is_said_to_be() -> None:
    sidecar = Sidecar(classes=("neutrophil",), thresholds={"outlier_share": 0.05})
    refused = TABLE.assign(predicted="unidentified")
    text = Classified(table=refused, unreadable={}, sidecar=sidecar).summary()
    assert "3 of 3 cells are none of the classes" in text
    assert "Another kind" not in Classified(table=TABLE, unreadable={}, sidecar=sidecar).summary()


def test_of_no_image_there_is_a_summary_too() -> None:
    assert "total       0" in Classified(table=TABLE.iloc[:0], unreadable={}).summary()


def test_the_table_is_written_as_it_is(tmp_path: Path) -> None:
    Classified(table=TABLE, unreadable={}).write_csv(tmp_path / "new" / "out.csv")
    assert read_predictions(tmp_path / "new" / "out.csv").equals(TABLE)


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        Classified(table=TABLE, unreadable={}).write_csv(tmp_path / "file" / "out.csv")


PATHS = TABLE.assign(path=["a.png", "b.png", "c.png"])


def test_the_summary_says_what_was_trained_on_and_that_the_run_leaked() -> None:
    text = Classified(table=PATHS, unreadable={}, trained=("b.png",), leaky=True).summary()
    assert "Trained on: 1 of these images" in text
    assert "b.png" in text
    assert "Leaky" in text
    plain = Classified(table=PATHS, unreadable={}).summary()
    assert "rained on" not in plain
    assert "Leaky" not in plain


def test_labels_are_put_to_the_images_that_may_judge() -> None:
    classified = Classified(table=PATHS, unreadable={}, trained=("b.png",))
    labelled = classified.with_labels({"a.png": "neutrophil", "c.png": "band"})
    assert labelled["label"].tolist() == ["neutrophil", "", "band"]
    assert PATHS["label"].tolist() == ["", "", ""]
    with pytest.raises(DataError, match="every label must be one of"):
        classified.with_labels({"a.png": "lymphocyte"})


def test_an_image_that_was_trained_on_does_not_judge_unless_that_is_allowed() -> None:
    classified = Classified(table=PATHS, unreadable={}, trained=("b.png",))
    labels = {"a.png": "neutrophil", "b.png": "band"}
    with pytest.raises(LeakageError, match=r"trained on 1 of the images .* such as b\.png"):
        classified.with_labels(labels)
    with pytest.warns(LeakageWarning, match="Leaky"):
        assert classified.with_labels(labels, allow_leakage=True)["label"][1] == "band"
