"""Networks of a finished run are judged anew, without being trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cellclf.errors import ExperimentError, RunError
from cellclf.experiment import Experiment
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.run import run
from cellclf.registry import installed
from cellclf.specs import ModelSpec
from tests.conftest import Command
from tests.images import write_folder
from tests.listening import Listener, StopAt
from tests.tiny_run import EXPERIMENT

pytestmark = pytest.mark.usefixtures("cells_at_hand")

MANY: dict[str, Any] = {
    **EXPERIMENT,
    "data": {"path": "many", "image_size": 16},
    "evaluation": {"target_accuracy": 0.9},
}
LOWER = {"target_accuracy": 0.6, "refused": 0.2}


def all_figures(finished: FinishedRun) -> dict[str, Any]:
    return dict(finished.metrics["models"])


def test_judged_anew_a_network_is_what_training_it_anew_would_have_come_to(
    tmp_path: Path,
) -> None:
    write_folder(tmp_path / "many", {"monocyte": 280, "neutrophil": 280})
    first = run(MANY, out=Path("first"))
    never = StopAt("tiny_net: training")
    taken = run(trained_in=first.path, evaluation=LOWER, out=Path("lower"), progress=never)
    trained = run(MANY, evaluation=LOWER, out=Path("anew"))
    assert taken.record["experiment_fingerprint"] == trained.record["experiment_fingerprint"]
    assert all_figures(taken) == all_figures(trained) != all_figures(first)
    pd.testing.assert_frame_equal(taken.predictions(), trained.predictions(), check_exact=True)
    assert taken.bundle().read_bytes() == trained.bundle().read_bytes()
    histories = [
        pd.read_csv(made.path / "training/tiny_net/history.csv").drop(
            columns=["seconds", "images_per_second"]
        )
        for made in (taken, trained)
    ]
    pd.testing.assert_frame_equal(*histories, check_exact=True)
    assert "The networks were trained in" in taken.report.read_text(encoding="utf-8")
    assert "Devices that judged" in taken.report.read_text(encoding="utf-8")
    assert "The networks were trained in" not in trained.report.read_text(encoding="utf-8")


def test_the_command_line_judges_anew(
    one_model: FinishedRun, tmp_path: Path, cellclf_command: Command
) -> None:
    shutil.copytree(one_model.path, tmp_path / "first")
    asked = ("--trained-in", "first", "--set", "evaluation.target_accuracy=0.6")
    done = cellclf_command("run", *asked, "--out", "second")
    assert "Report: second/report.html" in done.stdout.replace("\\", "/")
    assert FinishedRun(tmp_path / "second").record["trained_in"] == "first"


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"seed": 7}, "Different: seed"),
        ({"training": {"batch_size": 4}}, "Different: training.batch_size"),
        ({"data": {"image_size": 20}, "seed": 7}, "Different: data.image_size, seed"),
    ],
)
def test_a_run_that_would_be_trained_otherwise_is_refused(
    one_model: FinishedRun, setting: dict[str, Any], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(one_model.path.parent)
    with pytest.raises(RunError, match=named):
        run(trained_in=one_model.path, **setting, out=Path("other"))
    assert not Path("other").exists()


def test_what_is_no_finished_run_is_refused(tmp_path: Path) -> None:
    finished = r"must be the directory of a finished run\. Received: cells"
    with pytest.raises(RunError, match=finished):
        run(trained_in="cells", out=Path("other"))
    with pytest.raises(ExperimentError, match="trained_in"):
        run(EXPERIMENT, trained_in=3, out=Path("other"))


def test_images_may_lie_elsewhere_but_must_be_those_that_it_was_trained_on(
    one_model: FinishedRun, tmp_path: Path
) -> None:
    moved = {"path": "cells"}
    taken = run(trained_in=one_model.path, data=moved, out=Path("same"))
    assert taken.record["data_fingerprint"] == one_model.record["data_fingerprint"]
    sorted((tmp_path / "cells").rglob("*.png"))[0].unlink()
    with pytest.raises(RunError, match=r"are no longer those that .* was trained on"):
        run(trained_in=one_model.path, data=moved, out=Path("other"))


def test_a_run_does_not_take_over_its_own_networks(one_model: FinishedRun, tmp_path: Path) -> None:
    shutil.copytree(one_model.path, tmp_path / "first")
    for out in ("first", tmp_path / "first"):
        with pytest.raises(RunError, match="cannot take over its own networks"):
            run(trained_in="first", card={"users": "Nobody."}, out=out)


def test_a_stopped_run_that_goes_on_still_trains_nothing(
    one_model: FinishedRun, tmp_path: Path
) -> None:
    asked: dict[str, Any] = {"trained_in": one_model.path, "evaluation": LOWER}
    with pytest.raises(KeyboardInterrupt):
        run(**asked, out=Path("second"), progress=StopAt("tiny_net: predicting"))
    finished = run(Path("second"), progress=StopAt("tiny_net: training"))
    assert finished.record["trained_in"] == str(one_model.path)
    reported = run(Path("second"), card={"users": "Nobody."})
    assert "The networks were trained in" in reported.report.read_text(encoding="utf-8")


def test_what_an_experiment_in_python_leaves_out_is_as_it_was_there(
    one_model: FinishedRun,
) -> None:
    asked = Experiment(trained_in=one_model.path, evaluation=LOWER, out="second")
    taken = run(asked, progress=StopAt("tiny_net: training"))
    assert taken.record["data_fingerprint"] == one_model.record["data_fingerprint"]


def with_versions(one_model: FinishedRun, place: Path, **versions: str) -> Path:
    """A copy of a run, as if it had been trained with other versions."""
    shutil.copytree(one_model.path, place)
    record = one_model.record
    record["versions"] |= versions
    (place / "record.json").write_text(json.dumps(record), encoding="utf-8")
    return place


def test_a_run_that_other_versions_trained_is_taken_over_with_a_warning(
    one_model: FinishedRun, tmp_path: Path
) -> None:
    first = with_versions(one_model, tmp_path / "first", cellclf="0.0.1")
    listener = Listener()
    run(trained_in=first, evaluation=LOWER, out=Path("second"), progress=listener)
    assert any("was trained with cellclf 0.0.1, and this is" in said for said in listener.warned)


def test_a_run_that_a_plugin_file_trained_as_it_was_then_is_refused(
    one_model: FinishedRun, tmp_path: Path
) -> None:
    architecture = installed().offer(ModelSpec, "tiny_net").distribution
    first = with_versions(one_model, tmp_path / "first", **{architecture: "sha256:0123"})
    with pytest.raises(RunError, match=r"with .* sha256:0123, .* bring the file back"):
        run(trained_in=first, evaluation=LOWER, out=Path("second"))
