"""Comparing the models of runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cellclf
from cellclf.evaluation.prediction_files import Sidecar, write_predictions
from cellclf.evaluation.predictions import predictions_table
from cellclf.files import write_json, write_text
from cellclf.run_directory import COMPLETE, RunDirectory
from tests.conftest import Command

CLASSES = ("a", "b")
CELLS = 300


def made_run(
    path: Path, *, seed: int, cells: int = 0, leaky: bool = False, images: str = "a1"
) -> Path:
    """A run of two models, one right in 95 % of its test samples and one in 80 %."""
    rng = np.random.default_rng(seed)
    directory = RunDirectory(path)
    (path / "predictions").mkdir(parents=True)
    ids = [str(number) for number in range(cells, cells + CELLS)]
    true = np.arange(CELLS) % 2
    parts = ["test"] * (CELLS - 20) + ["validation"] * 20
    for label, share in (("small", 0.95), ("large", 0.8)):
        first = np.where((true == 0) == (rng.random(CELLS) < share), 0.75, 0.25)
        table = predictions_table(
            sample_ids=ids,
            splits=parts,
            labels=[CLASSES[number] for number in true],
            probabilities=np.stack([first, 1 - first], axis=1),
            classes=CLASSES,
        )
        stem = directory.predictions(label)
        write_predictions(table, stem, sidecar=Sidecar(classes=CLASSES))
    trained = [f"trained {number}" for number in range(4 * CELLS)]
    division = pd.DataFrame(
        {
            "sample_id": [*ids, *trained],
            "unit": range(5 * CELLS),
            "part": [*parts, *["train"] * len(trained)],
        }
    )
    division.to_csv(directory.division_file, index=False)
    models = '[models.small]\nuse = "custom_cnn"\n[models.large]\nuse = "vgg16"\n'
    write_text(directory.experiment_file, f"seed = {seed}\n{models}")
    write_json(directory.metrics_file, {"best": "small", "models": {"small": {}, "large": {}}})
    record = {"status": COMPLETE, "seed": seed, "leaky": leaky, "synthetic": False}
    write_json(directory.record_file, record | {"data_fingerprint": images})
    return path


def of_one_model(run: Path) -> None:
    """Leave one of the models out of a run that was made."""
    experiment = run / "experiment.toml"
    experiment.write_text(experiment.read_text().split("[models.large]")[0])


def test_the_models_of_one_run_are_compared_on_its_test_part(
    tmp_path: Path, cellclf_command: Command
) -> None:
    made_run(tmp_path / "first", seed=0, leaky=True)
    done = cellclf_command("compare", "first", "--resamples", "100")
    assert "small is more accurate than large:" in done.stdout
    assert "small is best: it is told apart from every other model." in done.stdout
    assert "all else being equal; there are: custom_cnn 1, vgg16 1" in done.stdout
    assert "Leaky" in done.stdout
    done = cellclf_command("compare", "first", "--resamples", "100", "--json")
    (found,) = json.loads(done.stdout)["models"]
    accuracy, *others = found["differences"]
    assert accuracy["samples"] == CELLS - 20
    assert {"balanced_accuracy", "f1_macro", "roc_auc_macro"} <= {row["figure"] for row in others}


def test_three_runs_of_different_seeds_say_something_of_architectures(tmp_path: Path) -> None:
    # Each seed divides anew: no test sample is shared, and each run is compared for itself.
    runs = [made_run(tmp_path / f"run{n}", seed=n, cells=1000 * n) for n in range(3)]
    found = cellclf.compare(runs, resamples=100)
    assert len(found.models) == 3
    (row,) = found.architectures.to_dict("records")
    assert (row["first"], row["second"], row["seeds"]) == ("custom_cnn", "vgg16", 3)
    assert row["apart"]
    assert "As architectures, custom_cnn is more accurate than vgg16:" in found.summary()
    assert "fewer than" not in found.summary()
    # Over three divisions there are three pairs, and their p-values are adjusted for all of them.
    assert all(pair.pairs == 3 for one in found.models for pair in one.pairs)


def test_runs_on_other_images_say_nothing_of_architectures(tmp_path: Path) -> None:
    runs = [made_run(tmp_path / f"run{n}", seed=n, images=f"set {n}") for n in range(3)]
    found = cellclf.compare(runs, resamples=100)
    assert not len(found.architectures)
    assert "there are: custom_cnn 1, vgg16 1" in found.summary()


def test_a_run_that_shares_no_test_samples_is_said_to_be_compared_with_none(
    tmp_path: Path,
) -> None:
    runs = [made_run(tmp_path / name / "final", seed=seed) for seed, name in enumerate("ab")]
    (found,) = cellclf.compare(runs, resamples=100).models
    assert len(found.right) == 4  # two runs of one name do not hide each other
    third = made_run(tmp_path / "three", seed=2, cells=5000)
    of_one_model(third)
    said = cellclf.compare([runs[0], third], resamples=100).summary()
    assert "three/small was judged on other test samples, and is compared with none." in said


def test_models_of_several_runs_are_told_by_the_name_of_their_run(tmp_path: Path) -> None:
    runs = [made_run(tmp_path / f"run{n}", seed=n) for n in range(2)]
    (found,) = cellclf.compare(runs, resamples=100).models
    assert len(found.pairs) == 6
    assert {pair.first for pair in found.pairs} == {"run0/small", "run0/large", "run1/small"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "no such run directory: nowhere"),
        (["cells"], "cells must be a run directory"),
        (["first/experiment.toml"], "experiment.toml must be a run directory"),
        (["stopped"], "stopped holds no complete run: the command that began it"),
        (["one", "other"], "one/small on 280, other/small on 280"),
        (["first", "./first"], "must be named once"),
    ],
)
def test_a_mistake_is_one_message(
    tmp_path: Path, cellclf_command: Command, arguments: list[str], said: str
) -> None:
    made_run(tmp_path / "first", seed=0)
    (tmp_path / "cells").mkdir()
    RunDirectory(made_run(tmp_path / "stopped", seed=0)).record_file.unlink()
    for number, name in enumerate(("one", "other")):
        of_one_model(made_run(tmp_path / name, seed=number, cells=1000 * number))
    done = cellclf_command("compare", *arguments, "--json", check=False)
    assert done.returncode == 1
    assert said in " ".join(done.stderr.split())
    assert done.stdout == ""
