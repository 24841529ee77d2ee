"""Images in, rows out, a part at a time; and going on with what was stopped."""

from __future__ import annotations

from pathlib import Path

import cv2
import pandas as pd
import pytest

from cellclf.errors import RunError
from cellclf.evaluation.prediction_files import read_predictions, read_sidecar
from cellclf.inference.classifier import Classifier, load
from cellclf.inference.results import Results
from cellclf.pipeline.predict import predict
from cellclf.spreadsheets import read_texts
from tests.inference import test_classifier as tiny

SUFFIXES = (".csv", ".parquet", ".jsonl")

network, bundle = tiny.network, tiny.bundle


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cellclf.inference.chunks.FEWEST_IN_CHUNK", 8)


@pytest.fixture(scope="module")
def classifier(bundle: Path) -> Classifier:
    loaded = load(bundle, registry=tiny.REGISTRY)
    loaded.engine.batch_size = 8
    return loaded


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """Thirty files in two folders, every seventh of them unreadable."""
    for number, image in enumerate(tiny.images(30)):
        path = tmp_path / "cells" / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number % 7 == 3:
            path.touch()
        else:
            cv2.imwrite(str(path), image[..., ::-1])
    return tmp_path / "cells"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


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


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("commits", [0, 1, 3])
def test_what_was_stopped_goes_on_to_the_same_bytes(
    classifier: Classifier,
    cells: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
    commits: int,
) -> None:
    whole, out = tmp_path / "whole" / f"new{suffix}", tmp_path / "stopped" / f"new{suffix}"
    predict(classifier, cells, out=whole)
    monkeypatch.setattr("cellclf.inference.results.COMMIT_SECONDS", 0.0)
    commit, made = Results.commit, []

    stop = pytest.MonkeyPatch()

    def failing(results: Results) -> None:
        if len(made) > commits:  # the first is that of nothing
            raise RuntimeError("killed")
        commit(results)
        made.append(results)

    stop.setattr(Results, "commit", failing)
    stop.setattr(Results, "__exit__", lambda results, *_: results._close())
    with pytest.raises(RuntimeError, match="killed"):
        predict(classifier, cells, out=out)
    stop.undo()
    assert not out.exists()
    with pytest.raises(RunError, match=rf"the first {8 * commits} images .*--resume.*remove"):
        predict(classifier, cells, out=out)
    totals = predict(classifier, cells, out=out, resume=True)
    assert totals.counts.images == 26
    assert contents(out.parent) == contents(whole.parent)
