"""What views and ensembles of a run's models gain, in Python and on the command line."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellclf.errors import DataError, RunError
from cellclf.evaluation.gain import COLUMNS
from cellclf.evaluation.judge import log_loss
from cellclf.judging.gain import gain
from cellclf.pipeline.finished import FinishedRun
from tests.conftest import Command

pytestmark = pytest.mark.usefixtures("tiny_net")


def test_the_plain_way_is_what_the_run_said_of_its_best_model(two_models: Path) -> None:
    finished = FinishedRun(two_models / "run")
    best = finished.best
    other = "two" if best == "one" else "one"
    found = gain(finished, views="flips", ensemble=True, engine="keras")
    together = f"{best} + {other}"
    ways = [best, f"{best}, flips", together, f"{together}, flips"]
    assert found.table["way"].tolist() == ways
    assert [*found.table.columns] == [*COLUMNS, "images_per_second", "times_as_long"]
    said = finished.predictions().query("split == 'validation'")
    plain = found.table.iloc[0]
    assert plain["accuracy"] == (said["label"] == said["top_class"]).mean()
    assert plain["log_loss"] == pytest.approx(log_loss(said), rel=1e-4)
    assert plain["times_as_long"] == 1
    assert (found.table["images_per_second"] > 0).all()


def test_what_is_printed_says_gain_cost_and_which_part(
    two_models: Path, tmp_path: Path, cellclf_command: Command
) -> None:
    options = ("--views", "dihedral", "--engine", "keras", "--csv", "g.csv")
    done = cellclf_command("evaluate", two_models / "run", *options)
    for said in ("points of accuracy", "images a second", "times as long", "log loss", "ECE"):
        assert said in done.stdout
    assert "Judged on validation" in done.stdout
    assert "The test part" not in done.stdout
    written = json.loads(cellclf_command("evaluate", two_models / "run", *options, "--json").stdout)
    assert written["part"] == "validation"
    assert written["ways"][0]["difference"] is None
    assert len(pd.read_csv(tmp_path / "g.csv")) == len(written["ways"]) == 2


def test_the_test_part_is_opened_only_where_that_is_asked_for(
    two_models: Path, cellclf_command: Command
) -> None:
    asked = ("evaluate", two_models / "run", "--ensemble", "--engine", "keras", "--part", "test")
    done = cellclf_command(*asked)
    assert "The test part was opened for this." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run",), "there must be something to compare the best model with"),
        (("run", "--views", "all"), "'all' is not one of 'none', 'flips', 'dihedral'"),
        (("run", "--views", "flips", "--part", "train"), "nobody is judged by"),
        (("run", "--views", "flips", "--metric", "accuracy"), "--metric is for --predictions"),
        (("run", "--views", "flips", "--resamples", "500"), "--resamples is for --predictions"),
        (("run", "--views", "flips", "--seed", "1"), "--seed is for --predictions"),
        (("--predictions", "a.csv", "--engine", "keras"), "are for a run directory"),
        (("run", "--predictions", "a.csv"), "give either --predictions FILE, or a run"),
        ((), "give either --predictions FILE, or a run"),
        (("--predictions", "a.csv", "--ensemble"), "are for a run directory"),
        (("nothing", "--ensemble"), "no such run directory: nothing"),
    ],
)
def test_what_makes_no_sense_is_refused(
    two_models: Path,
    cellclf_command: Command,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    (tmp_path / "run").symlink_to(two_models / "run")
    done = cellclf_command("evaluate", *arguments, check=False)
    assert done.returncode != 0
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_images_must_be_those_of_the_run(two_models: Path, tmp_path: Path) -> None:
    shutil.copytree(two_models / "run", tmp_path / "run")
    shutil.copytree(two_models / "cells", tmp_path / "cells")
    experiment = tmp_path / "run" / "experiment.toml"
    moved = experiment.read_text(encoding="utf-8")
    experiment.write_text(moved.replace(str(two_models), str(tmp_path)), encoding="utf-8")
    division = pd.read_csv(tmp_path / "run" / "division.csv").query("part == 'validation'")
    changed = tmp_path / "cells" / division["sample_id"].iloc[0]
    other = next(path for path in sorted(changed.parent.iterdir()) if path != changed)
    shutil.copyfile(other, changed)
    with pytest.raises(DataError, match="1 images of the part validation have changed"):
        gain(tmp_path / "run", views="flips", engine="keras")
    changed.unlink()
    with pytest.raises(DataError, match="the data must be as the run saw it"):
        gain(tmp_path / "run", views="flips", engine="keras")


def test_an_ensemble_needs_two_models(two_models: Path, tmp_path: Path) -> None:
    shutil.copytree(two_models / "run", tmp_path / "run")
    metrics = tmp_path / "run" / "metrics.json"
    content = json.loads(metrics.read_text(encoding="utf-8"))
    content["models"] = {content["best"]: {}}
    metrics.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(RunError, match="an ensemble needs two or more"):
        gain(tmp_path / "run", ensemble=True, engine="keras")


def test_nothing_is_warned_of_and_numbers_are_finite(two_models: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        found = gain(two_models / "run", views="dihedral", engine="keras").table
    assert np.isfinite(found[["accuracy", "f1_macro", "log_loss"]]).all(axis=None)
