"""Images in, rows out, a part at a time."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from cellclf.errors import DataError, RunError
from cellclf.evaluation.abstention import Review
from cellclf.evaluation.calibration import Calibration
from cellclf.evaluation.conformal import ConformalSets
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.prediction_files import read_predictions, read_sidecar
from cellclf.inference.classifier import Classifier
from cellclf.inference.finding import find_inputs
from cellclf.inference.loading import load
from cellclf.inference.predict import predict
from cellclf.spreadsheets import inert, read_texts
from tests import loaded
from tests.inference import predicting
from tests.inference.predicting import SUFFIXES, contents
from tests.loaded import REGISTRY, images

pytestmark = pytest.mark.usefixtures("small_chunks")

network, bundle = loaded.network, loaded.bundle
classifier, cells, small_chunks = predicting.classifier, predicting.cells, predicting.small_chunks


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_what_the_classifier_says(
    classifier: Classifier, cells: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / "results" / f"new{suffix}"
    totals = predict(classifier, cells, out=out)
    wanted = classifier.classify(cells)
    found = read_predictions(out)
    pd.testing.assert_frame_equal(found, wanted.table, check_exact=suffix == ".parquet", atol=1e-6)
    assert sorted(contents(out.parent)) == sorted([out.name, "new.json", "new.unreadable.csv"])
    assert totals.files == tuple(
        out.parent / name for name in (out.name, "new.json", "new.unreadable.csv")
    )
    assert totals.counts.predicted == wanted.counts
    assert read_sidecar(out.with_suffix("")) == wanted.sidecar
    listed = read_texts(out.parent / "new.unreadable.csv")
    assert dict(zip(listed["path"], listed["reason"], strict=True)) == wanted.unreadable
    assert f"Could not be read: 4; all in {totals.files[2]}" in totals.summary()


def test_what_cannot_be_done_with_a_loaded_classifier_is_refused(
    classifier: Classifier, cells: Path
) -> None:
    with pytest.raises(DataError, match=r"give them to `cellclf\.load`.*views='flips'"):
        predict(classifier, cells, views="flips")
    with pytest.raises(DataError, match=r"`batch` must be at least 1\. Received: batch=0"):
        list(classifier.stream(cells, batch=0))


def test_a_place_that_cannot_be_written_to_is_said_before_any_image_is_read(
    classifier: Classifier, cells: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        predict(classifier, cells, out=tmp_path / "file" / "new.csv")
    with pytest.raises(RunError, match="not to an address"):
        predict(classifier, cells, out="s3://cells/new.csv")
    with pytest.raises(RunError, match=r"\.csv, \.parquet, \.jsonl"):
        predict(classifier, cells, out=tmp_path / "new.xlsx")
    (tmp_path / "new.unreadable.csv").write_text("mine")
    with pytest.raises(RunError, match="file of something else"):
        predict(classifier, cells, out=tmp_path / "new.csv")


def test_only_unreadable_files_are_an_error_and_leave_nothing(
    classifier: Classifier, tmp_path: Path
) -> None:
    folder = tmp_path / "cells"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:02}.png").touch()
    for out in (None, tmp_path / "new.csv"):
        with pytest.raises(DataError, match=r"no image could be read:\n.*00.png: the file is"):
            predict(classifier, folder, out=out)
    assert [path.name for path in tmp_path.iterdir()] == ["cells"]


def test_a_list_of_unreadable_files_of_before_does_not_stay(
    classifier: Classifier, cells: Path, tmp_path: Path
) -> None:
    predict(classifier, cells, out=tmp_path / "new.csv")
    assert (tmp_path / "new.unreadable.csv").exists()
    predict(classifier, cells / "a" / "00.png", out=tmp_path / "new.csv")
    assert not (tmp_path / "new.unreadable.csv").exists()


NAMES = ("line\nend.png", "a,b.png", 'quo"te.png', "=1+1.png", "\r.png", "白血球.png", "🩸 ’.png")


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_names_come_back_letter_for_letter(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [*NAMES, *(f"un {name}" for name in NAMES)]
    for name, image in zip(NAMES, images(len(NAMES)), strict=True):
        Path(name).write_bytes(cv2.imencode(".png", image)[1].tobytes())
        Path(f"un {name}").touch()
    predict(classifier, names, out=f"new{suffix}")
    assert read_predictions(Path(f"new{suffix}"))["path"].tolist() == list(NAMES)
    listed = read_texts(Path("new.unreadable.csv"))["path"].tolist()
    assert listed == [f"un {name}" for name in NAMES]
    if suffix == ".jsonl":
        lines = Path("new.jsonl").read_bytes().decode().split("\n")
        assert [json.loads(line)["path"] for line in lines[:-1]] == list(NAMES)
    if suffix == ".csv":
        with Path("new.csv").open(encoding="utf-8", newline="") as file:
            cells = [row[0] for row in csv.reader(file)]
        assert cells[1:] == [inert(name) for name in NAMES]


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="names are text there")
def test_a_name_that_is_no_text_is_written_and_gone_on_with(
    classifier: Classifier, tmp_path: Path
) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")
    cv2.imwrite(str(tmp_path / "a.png"), images(1)[0])
    os.rename(tmp_path / "a.png", name)  # noqa: PTH104
    predict(classifier, tmp_path, out=tmp_path / "new.csv")
    assert read_predictions(tmp_path / "new.csv")["path"][0].endswith(r"\udcff.png")


def test_numbers_in_text_have_six_decimals(
    classifier: Classifier, cells: Path, tmp_path: Path
) -> None:
    predict(classifier, cells, out=tmp_path / "new.csv")
    text = read_texts(tmp_path / "new.csv")
    for name in text.columns[10:]:
        assert text[name].str.fullmatch(r"[01]\.\d{6}").all()
    predict(classifier, cells, out=tmp_path / "new.jsonl")
    first = (tmp_path / "new.jsonl").read_text(encoding="utf-8").partition("\n")[0]
    assert f'"confidence": {text["confidence"][0]}' in first
    assert '"outlier_score": null' in first


def test_a_calibrated_model_is_counted_and_written_as_it_decides(
    bundle: Path, cells: Path, tmp_path: Path
) -> None:
    classifier = load(bundle, registry=REGISTRY)
    classifier.engine.batch_size = 8
    classifier.decision = Decision(
        calibration=Calibration(temperature=1.0, biases=np.zeros(3), samples=60),
        review=Review(target=0.9, threshold=0.6, accepted=0.5, bound=0.92),
        sets=ConformalSets(coverage=0.9, thresholds=np.zeros(3), samples=np.full(3, 20)),
    )
    wanted = classifier.classify(cells)
    for suffix in SUFFIXES:
        totals = predict(classifier, cells, out=tmp_path / f"new{suffix}")
        found = read_predictions(tmp_path / f"new{suffix}")
        assert found["review"].tolist() == wanted.table["review"].tolist()
        assert totals.counts.review == wanted.to_review
        assert totals.summary().splitlines()[0] == wanted.summary().splitlines()[0]


def test_without_a_file_images_are_counted_and_every_unreadable_one_is_named(
    classifier: Classifier, cells: Path
) -> None:
    totals = predict(classifier, cells)
    assert totals.files == ()
    assert totals.summary() == classifier.classify(cells).summary()


def test_of_many_unreadable_files_ten_are_named(classifier: Classifier, tmp_path: Path) -> None:
    folder = tmp_path / "cells"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), images(1)[0])
    for number in range(12):
        (folder / f"{number:02}.png").touch()
    said = predict(classifier, folder, out=tmp_path / "new.csv").summary()
    assert "09.png" in said
    assert "10.png" not in said
    assert "and 2 more" in said


def test_parts_come_in_order_and_reading_does_not_run_away(
    classifier: Classifier, cells: Path
) -> None:
    inputs = find_inputs(cells)
    asked = []
    for part in classifier.stream(inputs):
        asked += part.asked
        assert len(part.asked) <= 8
        assert set(part.ids) | set(part.unreadable) == set(part.asked)
    assert asked == [*inputs.ids()]
