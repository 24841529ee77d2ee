"""A prediction that was stopped goes on to the bytes of one that was not, or says why not."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray

from cellclf.errors import RunError
from cellclf.evaluation.drift import UsualLook
from cellclf.evaluation.prediction_files import read_predictions, read_sidecar
from cellclf.files import write_text
from cellclf.inference.classifier import Classifier
from cellclf.inference.journal import stopped, working_folder
from cellclf.inference.loading import load
from cellclf.inference.predict import predict
from cellclf.inference.results import Results
from cellclf.network.outputs import Outputs
from tests import loaded
from tests.inference import predicting
from tests.inference.predicting import SUFFIXES, contents
from tests.loaded import REGISTRY

pytestmark = pytest.mark.usefixtures("small_chunks")

network, bundle = loaded.network, loaded.bundle
classifier, cells, small_chunks = predicting.classifier, predicting.cells, predicting.small_chunks


def stop_after(classifier: Classifier, inputs: object, out: Path, *, commits: int) -> None:
    """Do what a kill does once so many parts are committed."""
    commit, made = Results.commit, []

    def failing(results: Results) -> None:
        if len(made) > commits:  # the first is that of nothing
            raise RuntimeError("killed")
        commit(results)
        made.append(results)

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr("cellclf.inference.results.COMMIT_SECONDS", 0.0)
        changed.setattr(Results, "commit", failing)
        changed.setattr(Results, "__exit__", lambda results, *_: results._close())
        with pytest.raises(RuntimeError, match="killed"):
            predict(classifier, inputs, out=out)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("commits", [0, 1, 3])
def test_what_was_stopped_goes_on_to_the_same_bytes(
    classifier: Classifier, cells: Path, tmp_path: Path, suffix: str, commits: int
) -> None:
    whole, out = tmp_path / "whole" / f"new{suffix}", tmp_path / "stopped" / f"new{suffix}"
    predict(classifier, cells, out=whole)
    stop_after(classifier, cells, out, commits=commits)
    assert not out.exists()
    with pytest.raises(RunError, match=rf"the first {8 * commits} images .*--resume.*remove"):
        predict(classifier, cells, out=out)
    totals = predict(classifier, cells, out=out, resume=True)
    assert totals.counts.images == 26
    assert contents(out.parent) == contents(whole.parent)


def test_the_drift_of_what_was_stopped_is_that_of_all(
    bundle: Path, cells: Path, tmp_path: Path
) -> None:
    classifier = load(bundle, registry=REGISTRY)
    classifier.engine.batch_size = 8
    rng = np.random.default_rng(0)
    classifier.usual = UsualLook.of(rng.normal(size=(60, 7)), np.arange(60) % 3, classes=3)
    out = tmp_path / "new.csv"
    stop_after(classifier, cells, out, commits=2)
    totals = predict(classifier, cells, out=out, resume=True)
    wanted = classifier.classify(cells).drift
    assert wanted is not None
    assert wanted.images == 26
    assert wanted.departures
    assert totals.drift == wanted == read_sidecar(out.with_suffix("")).drift


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(
    classifier: Classifier, cells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out = tmp_path / "whole" / "new.csv", tmp_path / "stopped" / "new.csv"
    predict(classifier, cells, out=whole)
    engine = classifier.engine

    class Interrupted:
        name, batch_size = engine.name, engine.batch_size
        calls = 0

        def __call__(self, images: NDArray[np.uint8]) -> Outputs:
            self.calls += 1
            if self.calls == 3:
                raise KeyboardInterrupt
            return engine(images)

    monkeypatch.setattr(classifier, "engine", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        predict(classifier, cells, out=out)
    journal = stopped(out, resume=True)
    assert journal is not None
    assert journal.done == 16
    monkeypatch.undo()
    predict(classifier, cells, out=out, resume=True)
    assert contents(out.parent) == contents(whole.parent)


def test_images_that_came_meanwhile_are_added_and_none_may_be_missing(
    classifier: Classifier, cells: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new.csv"
    stop_after(classifier, cells, out, commits=2)
    with pytest.raises(RunError, match="results of 15 images that are not named now"):
        predict(classifier, cells / "b", out=tmp_path / "new.csv", resume=True)
    shutil.copy(cells / "a" / "00.png", cells / "a" / "00 again.png")
    totals = predict(classifier, cells, out=out, resume=True)
    assert totals.counts.images == 27
    assert len(set(read_predictions(out)["path"])) == 27


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"model": "0" * 64}, "with the models and views that it began with"),
        ({"engine": "other"}, "with the engine that it began with"),
        ({"format": ".tsv"}, "with the format that it began with"),
    ],
)
def test_another_prediction_is_not_gone_on_with(
    classifier: Classifier, cells: Path, tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    out = tmp_path / "new.csv"
    stop_after(classifier, cells, out, commits=1)
    journal = working_folder(out) / "journal.json"
    journal.write_text(json.dumps(json.loads(journal.read_text()) | changed))
    with pytest.raises(RunError, match=said):
        predict(classifier, cells, out=out, resume=True)


def test_a_damaged_working_folder_is_refused_and_one_without_a_journal_is_no_loss(
    classifier: Classifier, cells: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new.csv"
    stop_after(classifier, cells, out, commits=1)
    rows = working_folder(out) / "rows.csv"
    rows.write_bytes(rows.read_bytes()[:100])
    with pytest.raises(RunError, match="damaged: remove"):
        predict(classifier, cells, out=out, resume=True)
    (working_folder(out) / "journal.json").write_text("{}")
    with pytest.raises(RunError, match="cannot go on with: remove it"):
        predict(classifier, cells, out=out, resume=True)
    (working_folder(out) / "journal.json").unlink()
    with pytest.raises(RunError, match="is no work of this command"):
        predict(classifier, cells, out=out, resume=True)
    shutil.rmtree(working_folder(out))
    working_folder(out).mkdir()
    predict(classifier, cells, out=out)
    assert not working_folder(out).exists()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_kill_while_files_are_put_into_place_loses_nothing(
    classifier: Classifier, cells: Path, tmp_path: Path, suffix: str
) -> None:
    whole, out = tmp_path / "whole" / f"new{suffix}", tmp_path / "stopped" / f"new{suffix}"
    totals = predict(classifier, cells, out=whole)
    for name in ("cellclf.inference.results.write_text", "cellclf.inference.results.replacing"):
        with pytest.MonkeyPatch.context() as changed, pytest.raises(RuntimeError, match="killed"):
            changed.setattr(Results, "__exit__", lambda results, *_: results._close())
            changed.setattr(name, _killed_at(name))
            predict(classifier, cells, out=out, resume=True)
        assert not out.exists()
    with pytest.MonkeyPatch.context() as changed, pytest.raises(RuntimeError, match="killed"):
        changed.setattr(Results, "__exit__", lambda results, *_: results._close())
        changed.setattr(Results, "discard", _killed_at("discard"))
        predict(classifier, cells, out=out, resume=True)
    assert out.exists()
    again = predict(classifier, cells, out=out, resume=True)
    assert (again.counts, again.drift) == (totals.counts, totals.drift)
    assert contents(out.parent) == contents(whole.parent)


def _killed_at(name: str) -> Callable[..., None]:
    """What stands in for a function that is never reached; the journal is still written."""

    def killed(*arguments: object) -> None:
        if name.endswith("write_text") and Path(str(arguments[0])).name == "journal.json":
            return write_text(*arguments)  # type: ignore[arg-type]
        raise RuntimeError("killed")

    return killed


def test_a_full_disk_is_said_and_what_was_done_is_kept(
    classifier: Classifier, cells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "new.csv"
    monkeypatch.setattr("cellclf.inference.results.COMMIT_SECONDS", 0.0)
    synced = os.fsync
    calls: list[int] = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) > 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        synced(descriptor)

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(os, "fsync", full)
        with pytest.raises(RunError, match=r"No space left on device\. Make room .*--resume"):
            predict(classifier, cells, out=out)
    predict(classifier, cells, out=out, resume=True)
    assert len(read_predictions(out)) == 26


def test_two_processes_do_not_write_to_one_place(
    classifier: Classifier, cells: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new.csv"
    stop_after(classifier, cells, out, commits=1)
    with (
        FileLock(working_folder(out) / "lock"),
        pytest.raises(RunError, match="another process writes to"),
    ):
        predict(classifier, cells, out=out, resume=True)
