"""A run: what it leaves behind, and which settings it takes."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellclf.errors import ExperimentError, LeakageError
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.run import run
from cellclf.terms import PARTS
from tests.listening import Listener
from tests.tiny_run import CELLS, EXPERIMENT

pytestmark = pytest.mark.usefixtures("cells_at_hand")


def test_a_run_directory_holds_everything_that_was_promised() -> None:
    (Path("cells") / "monocyte" / "broken.png").write_bytes(b"")
    finished = run(EXPERIMENT, out=Path("run"))
    assert finished == FinishedRun(Path("run"))
    for name in ("experiment.toml", "record.json", "metrics.json", "report.html"):
        assert (finished.path / name).is_file()
    figures = {path.stem for path in (finished.path / "figures").iterdir()}
    assert figures == {
        "augmented",
        "class_balance",
        "samples",
        "tiny_net_confident_mistakes",
        "tiny_net_confusion_counts",
        "tiny_net_confusion_shares",
        "tiny_net_learning_curves",
    }
    assert finished.record["unreadable"] == {"monocyte/broken.png": "the file is empty"}
    assert sum(sum(part.values()) for part in finished.record["counts"].values()) == 52
    assert not list(finished.path.rglob("checkpoint*"))
    assert not list(finished.path.rglob(".*"))


def test_predictions_cover_every_part_but_the_one_trained_on(one_model: FinishedRun) -> None:
    table = one_model.predictions()
    assert set(table["split"]) == set(PARTS) - {"train"}
    assert list(table.columns[-3:]) == ["p_lymphocyte", "p_monocyte", "p_neutrophil"]
    from_csv = pd.read_csv(one_model.path / "predictions" / "tiny_net.csv")
    assert list(from_csv["sample_id"]) == list(table["sample_id"])
    sidecar = json.loads((one_model.path / "predictions" / "tiny_net.json").read_text())
    assert sidecar["classes"] == list(CELLS)
    test = table[table["split"] == "test"]
    share = float((test["label"] == test["top_class"]).mean())
    assert one_model.metrics["models"]["tiny_net"]["test"]["accuracy"] == pytest.approx(share)


def test_the_bundle_of_a_run_predicts_what_the_run_predicted(one_model: FinishedRun) -> None:
    table = one_model.predictions()
    again = one_model.load().predict(list(table["path"]))
    columns = [name for name in table.columns if name.startswith("p_")]
    np.testing.assert_allclose(again[columns], table[columns], atol=1e-5)


def test_the_experiment_written_beside_the_results_runs_again_as_it_stands(
    one_model: FinishedRun,
) -> None:
    again = run(one_model.path / "experiment.toml", out=Path("again"))
    assert again.metrics["models"] == one_model.metrics["models"]
    assert again.record["experiment_fingerprint"] == one_model.record["experiment_fingerprint"]
    assert (
        tomllib.loads((one_model.path / "experiment.toml").read_text())["training"]["epochs"] == 3
    )


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(
    one_model: FinishedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(one_model.path.parent)
    same = run(EXPERIMENT, out=tmp_path / "same")
    other = run(EXPERIMENT, out=tmp_path / "other", seed=5)
    pd.testing.assert_frame_equal(one_model.predictions(), same.predictions(), check_exact=True)
    assert one_model.bundle().read_bytes() == same.bundle().read_bytes()
    assert set(one_model.predictions()["sample_id"]) != set(other.predictions()["sample_id"])


def test_a_recipe_of_several_phases_has_one_history_and_warns_of_random_weights() -> None:
    listener = Listener()
    recipe = {"recipe": "fine_tune", "head_epochs": 1}
    run(EXPERIMENT, out=Path("run"), training=recipe, progress=listener)
    assert any("its backbone has random weights" in line for line in listener.warned)
    history = pd.read_csv(Path("run") / "training" / "tiny_net" / "history.csv")
    assert list(history["epoch"]) == [1, 2, 3]
    assert not list(Path("run").rglob("checkpoint-*"))


def test_fine_tuning_needs_epochs_beyond_those_of_the_head() -> None:
    with pytest.raises(ExperimentError, match="must have more epochs than head_epochs"):
        run(EXPERIMENT, out=Path("run"), training={"recipe": "fine_tune", "head_epochs": 3})


def test_a_given_split_that_leaks_is_refused_and_may_be_made_anew() -> None:
    table = ["path,label,split"]
    for label in CELLS:
        for index in range(14):
            part = "test" if index < 4 else "train"
            table.append(f"cells/{label}/{index:03}.png,{label},{part}")
    source, copy = Path("cells/monocyte/000.png"), Path("cells/monocyte/copy.png")
    copy.write_bytes(source.read_bytes())
    table.append(f"{copy},monocyte,train")
    Path("cells.csv").write_text("\n".join(table))
    leaky = EXPERIMENT | {"data": {"dataset": "csv", "path": "cells.csv", "image_size": 16}}
    with pytest.raises(LeakageError, match="monocyte"):
        run(leaky, out=Path("run"))
    leaky["data"]["split"] = {"keep_given": False}
    assert run(leaky, out=Path("run2")).record["status"] == "complete"


def test_a_section_given_beside_an_experiment_is_laid_over_it() -> None:
    finished = run(EXPERIMENT, out=Path("run"), training={"epochs": 1})
    settings = tomllib.loads((finished.path / "experiment.toml").read_text())["training"]
    assert (settings["epochs"], settings["batch_size"]) == (1, 8)


def test_a_wrong_section_is_refused() -> None:
    with pytest.raises(ExperimentError, match="Did you mean 'training'"):
        run(EXPERIMENT, trainng={"epochs": 1})


def test_a_gate_about_a_class_that_there_is_not_is_refused_before_training() -> None:
    gates = {"gates": ["sensitivity.basophil >= 0.9"]}
    with pytest.raises(ExperimentError, match="must be about one of the classes"):
        run({**EXPERIMENT, "evaluation": gates}, out=Path("run"))
    assert not (Path("run") / "training").exists()
