"""`cellclf evaluate`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellclf.evaluation.prediction_files import Sidecar, write_predictions
from cellclf.evaluation.predictions import predictions_table
from tests.conftest import Command

CLASSES = ("round", "long")


def predictions(n: int = 60, splits: list[str] | None = None) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    right = rng.random(n) < 0.9
    true = rng.integers(0, 2, n)
    first = np.where(true == right, 0.25, 0.75)
    return predictions_table(
        sample_ids=[f"{row}.png" for row in range(n)],
        splits=splits,
        labels=[CLASSES[number] for number in true],
        probabilities=np.stack([first, 1 - first], axis=1),
        classes=CLASSES,
    )


def test_another_programs_file_is_judged_with_intervals(
    tmp_path: Path, cellclf_command: Command
) -> None:
    ours = predictions()
    theirs = ours[["label", "p_round", "p_long"]].set_axis(["truth", "r", "l"], axis=1)
    theirs.to_csv(tmp_path / "theirs.csv", index=False)
    command = (
        *("evaluate", "--predictions", "theirs.csv", "--csv", "out.csv"),
        *("--column", "label=truth", "--column", "p_round=r", "--column", "p_long=l"),
    )
    done = cellclf_command(*command)
    right = int((ours["label"] == ours["top_class"]).sum())
    assert f"theirs.csv: {right} of 60 samples were classified correctly" in done.stdout
    assert "95 % interval" in done.stdout
    assert done.stderr == ""
    found = json.loads(cellclf_command(*command, "--json").stdout)
    assert np.trace(found["confusion"]) == right
    table = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    assert len(table) == len(found["estimates"])
    (accuracy,) = (row for row in found["estimates"] if row["metric"] == "accuracy")
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]


def test_of_a_runs_file_the_test_part_is_judged_and_what_it_says_is_said(
    tmp_path: Path, cellclf_command: Command
) -> None:
    table = predictions(splits=["validation", "test", "test"] * 20)
    sidecar = Sidecar(classes=CLASSES, synthetic=True, leaky=True)
    write_predictions(table, tmp_path / "small", sidecar=sidecar)
    said = cellclf_command("evaluate", "--predictions", "small.csv").stdout
    assert "of 40 samples" in said
    assert "part test" in said
    assert "Synthetic" in said
    assert "Leaky" in said
    said = cellclf_command("evaluate", "--predictions", "small.csv", "--part", "validation").stdout
    assert "of 20 samples" in said


@pytest.mark.parametrize(
    ("splits", "said"),
    [
        (["train", "holdout"], "others of no part.*'train', 'holdout'"),
        (["test", ""], "Say which part .*'test', rows of no part"),
        (["train", "train"], "nobody is judged by what was trained on"),
        (["train", "validation"], "rows of the part 'test'"),
    ],
)
def test_what_is_to_be_judged_is_asked_where_it_cannot_be_known(
    tmp_path: Path, cellclf_command: Command, splits: list[str], said: str
) -> None:
    table = predictions(splits=splits * 30)
    table.to_csv(tmp_path / "ours.csv", index=False)
    table[["split", "label", "p_round", "p_long"]].to_csv(tmp_path / "theirs.csv", index=False)
    for file in ("ours.csv", "theirs.csv"):
        done = cellclf_command("evaluate", "--predictions", file, check=False)
        assert done.returncode == 1
        assert re.search(said, " ".join(done.stderr.split()))
    command = ("evaluate", "--predictions", "theirs.csv", "--metric", "accuracy")
    said = cellclf_command(*command, "--part", splits[0]).stdout
    assert f"of the part {splits[0]} were classified correctly" in said


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ("Val", "60 samples of the part validation were classified"),
        ("fold 1", r"60 samples were classified.*names no part \('fold 1'\): all rows are judged"),
        ("", "60 samples were classified"),
    ],
)
def test_the_part_that_is_judged_is_named(
    tmp_path: Path, cellclf_command: Command, split: str, said: str
) -> None:
    predictions(splits=[split] * 60).to_csv(tmp_path / "small.csv", index=False)
    done = cellclf_command("evaluate", "--predictions", "small.csv", "--metric", "accuracy")
    assert re.search(said, " ".join(done.stdout.split()))
    assert ("names no part" in done.stdout) == (split == "fold 1")


def test_a_gate_that_is_not_reached_ends_with_status_three(
    tmp_path: Path, cellclf_command: Command
) -> None:
    predictions().to_csv(tmp_path / "small.csv", index=False)
    command = ("evaluate", "--predictions", "small.csv", "--gate", "accuracy >= 0.5")
    assert "Gate accuracy >= 0.5: reached" in cellclf_command(*command).stdout
    done = cellclf_command(*command, "--gate", "sensitivity.long >= 99.9 %", check=False)
    assert done.returncode == 3
    assert "Gate sensitivity.long >= 99.9 %: not reached" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--predictions", "none.csv"], "no such file"),
        (["--predictions", "small.csv", "--part", "tset"], "--part must be one of train"),
        (["--predictions", "small.csv", "--part", "train"], "rows of the part 'train'"),
        (["--predictions", "small.csv", "--column", "label"], "must look like OURS=THEIRS"),
        (
            ["--predictions", "small.csv", "--column", "p_a=x", "--column", "p_a=y"],
            "name each column once. Received: 'p_a' as 'x' and as 'y'",
        ),
        (["--predictions", "small.csv", "--metric", "acuracy"], "accuracy"),
        (["--predictions", "small.csv", "--csv", "."], "--csv must be a file"),
        (["--predictions", "small.csv", "--csv", "small.csv"], "--csv would overwrite small.csv"),
        (["--predictions", "small.csv", "--gate", "accuracy"], "--gate: must look like"),
        (["--predictions", "small.csv", "--gate", "accuracy >= 95"], "0.95, or 95 %?"),
        (["--predictions", "small.csv", "--gate", "recall >= 1"], "such as recall.macro"),
        (["--predictions", "small.csv", "--gate", "recall.lnog >= 1"], "Did you mean 'long'"),
        (["--predictions", "unlabelled.csv"], "has a label"),
    ],
)
def test_a_mistake_is_one_message(
    tmp_path: Path, cellclf_command: Command, arguments: list[str], said: str
) -> None:
    predictions().to_csv(tmp_path / "small.csv", index=False)
    predictions().assign(label="").to_csv(tmp_path / "unlabelled.csv", index=False)
    done = cellclf_command("evaluate", *arguments, check=False)
    assert done.returncode in (1, 2)
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_what_figures_rest_on_is_said(tmp_path: Path, cellclf_command: Command) -> None:
    table = predictions()
    table["group"] = [f"patient={row // 4}" if row < 40 else "" for row in range(60)]
    table["p_odd"] = 0.0
    table.to_csv(tmp_path / "small.csv", index=False)
    command = ("evaluate", "--predictions", "small.csv", "--resamples", "100")
    said = cellclf_command(*command).stdout
    assert "20 of 60 rows have no group and count as independent." in said
    assert "No sample of odd: macro figures are means of the 2 others." in said
    assert "nan" not in said
    said = cellclf_command(*command, "--metric", "recall", "--gate", "accuracy >= 0.5").stdout
    assert "Gate accuracy >= 0.5: reached" in said


def test_judging_needs_no_network(tmp_path: Path) -> None:
    predictions().to_csv(tmp_path / "small.csv", index=False)
    code = (
        "import sys, cellclf; cellclf.evaluate('small.csv', resamples=100); "
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
