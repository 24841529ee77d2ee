"""Images in, rows out, a part at a time; and going on with what was stopped."""

from __future__ import annotations

import csv
import errno
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from numpy.typing import NDArray

from cellclf.errors import DataError, RunError
from cellclf.evaluation.abstention import Review
from cellclf.evaluation.calibration import Calibration
from cellclf.evaluation.conformal import ConformalSets
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.drift import UsualLook
from cellclf.evaluation.prediction_files import read_predictions, read_sidecar
from cellclf.files import write_text
from cellclf.inference.classifier import Classifier
from cellclf.inference.finding import find_inputs
from cellclf.inference.journal import stopped, working_folder
from cellclf.inference.loading import load
from cellclf.inference.predict import predict
from cellclf.inference.results import Results
from cellclf.network.outputs import Outputs
from cellclf.spreadsheets import inert, read_texts
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
    classifier = load(bundle, registry=tiny.REGISTRY)
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


def test_what_cannot_be_done_with_a_loaded_classifier_is_refused(
    classifier: Classifier, cells: Path
) -> None:
    with pytest.raises(DataError, match=r"give them to `cellclf\.load`.*views='flips'"):
        predict(classifier, cells, views="flips")
    with pytest.raises(DataError, match=r"`batch` must be at least 1\. Received: batch=0"):
        list(classifier.stream(cells, batch=0))


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
    for name, image in zip(NAMES, tiny.images(len(NAMES)), strict=True):
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
    cv2.imwrite(str(tmp_path / "a.png"), tiny.images(1)[0])
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
    classifier = load(bundle, registry=tiny.REGISTRY)
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
    cv2.imwrite(str(folder / "a.png"), tiny.images(1)[0])
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


WITHOUT_KERAS = """
import sys, time
from pathlib import Path
import numpy as np
from cellclf.inference import results
from cellclf.inference.bundle import read_bundle
from cellclf.inference.classifier import Classifier
from cellclf.inference.loading import load
from cellclf.inference.rebuild import architecture_of
from cellclf.network.outputs import Outputs
from cellclf.inference.predict import predict
from cellclf.registry import Plugin, Registry
from cellclf.specs import ModelSpec, Params

class TinyParams(Params):
    width: int = 4
    kernel: tuple[int, int] = (3, 3)

class Slow:
    name, batch_size = "slow", 16

    def __call__(self, images):
        time.sleep(0.02)
        light = images.mean(axis=(1, 2)).astype(np.float32) + 1
        return Outputs(probabilities=light / light.sum(axis=1, keepdims=True), features=light)

spec = ModelSpec(
    name="tiny", summary="Never built", build="nowhere:tiny", params=TinyParams, pixel_range=(0, 1),
    explain_layer="conv", min_image_size=8,
)
plugin = Plugin(name="tiny", distribution="cellclf-tiny", version="1.0", specs=(spec,))
bundle, cells, out = map(Path, sys.argv[1:])
architecture = architecture_of(bundle, read_bundle(bundle), registry=Registry([plugin]))
results.COMMIT_SECONDS = 0.05
print("ready", flush=True)
classifier = Classifier(architecture, Slow(), None, [Path("tiny.safetensors")])
predict(classifier, cells, out=out, resume=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_ten_kills_at_random_change_nothing(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cells"
    folder.mkdir()
    files = [cv2.imencode(".png", image)[1].tobytes() for image in tiny.images(50)]
    for number in range(4000):
        (folder / f"{number:05}.png").write_bytes(files[number % 50] if number % 9 else b"")
    whole, out = tmp_path / "whole" / "new.csv", tmp_path / "killed" / "new.csv"

    def begun(place: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WITHOUT_KERAS, str(bundle), str(folder), str(place)]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        return running

    with begun(whole) as running:
        assert running.wait() == 0
    delays = random.Random(0)
    for _ in range(10):  # all of it takes five seconds at least, and each commit a twentieth
        with begun(out) as running:
            time.sleep(delays.uniform(0, 0.5))
            running.kill()
        assert not out.exists()
    with begun(out) as running:
        assert running.wait() == 0
    assert contents(out.parent) == contents(whole.parent)
