from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cellclf
from cellclf.errors import DataError, ExperimentError, LeakageError, PluginError, RunError
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.run import run
from cellclf.progress import Silent, Task
from cellclf.registry import installed
from cellclf.specs import MetricSpec
from cellclf.terms import PARTS
from tests.images import write_folder
from tests.tiny import TINY
from tests.watching import EMPTY, FAULTY, NOTING

CLASSES = {"lymphocyte": 14, "monocyte": 14, "neutrophil": 24}
EXPERIMENT: dict[str, Any] = {
    "data": {"dataset": "image_folder", "path": "cells", "image_size": 16},
    "models": ["tiny_net"],
    "training": {"epochs": 3, "batch_size": 8},
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """A run to be looked at and left as it is; it was made from what every test has in `cells`."""
    place = tmp_path_factory.mktemp("finished")
    write_folder(place / "cells", CLASSES)
    installed.cache_clear()
    cellclf.register(TINY)
    with pytest.MonkeyPatch.context() as changed:
        changed.chdir(place)
        return run(EXPERIMENT, out=place / "run")


@pytest.fixture(autouse=True)
def _folder_with_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "cells", CLASSES)
    installed.cache_clear()
    cellclf.register(TINY)
    yield
    installed.cache_clear()


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


def test_predictions_cover_every_part_but_the_one_trained_on(finished: FinishedRun) -> None:
    table = finished.predictions()
    assert set(table["split"]) == set(PARTS) - {"train"}
    assert list(table.columns[-3:]) == ["p_lymphocyte", "p_monocyte", "p_neutrophil"]
    from_csv = pd.read_csv(finished.path / "predictions" / "tiny_net.csv")
    assert list(from_csv["sample_id"]) == list(table["sample_id"])
    sidecar = json.loads((finished.path / "predictions" / "tiny_net.json").read_text())
    assert sidecar["classes"] == list(CLASSES)
    test = table[table["split"] == "test"]
    share = float((test["label"] == test["top_class"]).mean())
    assert finished.metrics["models"]["tiny_net"]["test"]["accuracy"] == pytest.approx(share)


def test_the_bundle_of_a_run_predicts_what_the_run_predicted(finished: FinishedRun) -> None:
    table = finished.predictions()
    again = finished.load().predict(list(table["path"]))
    columns = [name for name in table.columns if name.startswith("p_")]
    np.testing.assert_allclose(again[columns], table[columns], atol=1e-5)


def test_the_experiment_written_beside_the_results_runs_again_as_it_stands(
    finished: FinishedRun,
) -> None:
    again = run(finished.path / "experiment.toml", out=Path("again"))
    assert again.metrics["models"] == finished.metrics["models"]
    assert again.record["experiment_fingerprint"] == finished.record["experiment_fingerprint"]
    assert tomllib.loads((finished.path / "experiment.toml").read_text())["training"]["epochs"] == 3


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(
    finished: FinishedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished.path.parent)
    same = run(EXPERIMENT, out=tmp_path / "same")
    other = run(EXPERIMENT, out=tmp_path / "other", seed=5)
    pd.testing.assert_frame_equal(finished.predictions(), same.predictions(), check_exact=True)
    assert finished.bundle().read_bytes() == same.bundle().read_bytes()
    assert set(finished.predictions()["sample_id"]) != set(other.predictions()["sample_id"])


class Listener(Silent):
    """A progress that remembers its warnings."""

    def __init__(self) -> None:
        self.warned: list[str] = []

    def warn(self, message: str) -> None:
        self.warned.append(message)


class StopAt(Silent):
    """A progress that is interrupted while something is under way."""

    def __init__(self, description: str) -> None:
        self.description = description

    def task(self, description: str, total: int) -> AbstractContextManager[Task]:
        if description == self.description:
            raise KeyboardInterrupt
        return super().task(description, total)


def test_a_stopped_run_goes_on_and_ends_with_the_numbers_of_an_unbroken_one(
    finished: FinishedRun,
) -> None:
    two = EXPERIMENT | {"models": {"one": {"use": "tiny_net"}, "two": {"use": "tiny_net"}}}
    with pytest.raises(KeyboardInterrupt):
        run(two, out=Path("stopped"), progress=StopAt("two: training"))
    with pytest.raises(RunError, match="no complete run"):
        FinishedRun(Path("stopped"))
    first = (Path("stopped") / "models" / "one.safetensors").stat().st_mtime_ns
    resumed = run(Path("stopped"))
    assert (Path("stopped") / "models" / "one.safetensors").stat().st_mtime_ns == first
    unbroken = finished.metrics["models"]["tiny_net"]
    assert resumed.metrics["models"] == {"one": unbroken, "two": unbroken}


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


def test_a_directory_in_which_no_run_was_begun_says_what_to_do() -> None:
    with pytest.raises(RunError, match="Give the command that began it again"):
        run(Path("cells"))


def test_what_the_audit_found_is_said_and_recorded() -> None:
    same = (Path("cells") / "monocyte" / "000.png").read_bytes()
    (Path("cells") / "neutrophil" / "twin.png").write_bytes(same)
    (Path("cells") / "neutrophil" / "text.png").write_text("no image")
    listener = Listener()
    finished = run(EXPERIMENT, out=Path("run"), progress=listener)
    unreadable, conflict, small, border, uncalibrated = listener.warned
    assert uncalibrated == "tiny_net: not calibrated, the calibration part is too small"
    assert unreadable == "1 image cannot be read and is left out: neutrophil/text.png"
    assert conflict.startswith("2 images have copies under another label, and are left out: mono")
    assert small.startswith("'lymphocyte' is too small to be judged well; 'monocyte' is too small")
    assert "sorted by the border pixels alone" in border  # each class has a shade of its own
    kinds = [finding["kind"] for finding in finished.record["findings"]]
    assert kinds[:3] == ["unreadable", "exact_duplicate", "label_conflict"]
    assert finished.record["sources"][0]["units"] == 14
    assert finished.record["background_probe"]["classes"] == list(CLASSES)
    assert "neutrophil/text.png" in (finished.path / "audit.html").read_text()
    report = (finished.path / "report.html").read_text()
    assert 'href="audit.html"' in report
    assert "The border alone sorts" in report


def test_a_run_in_which_nothing_was_learnt_gives_its_place_to_a_corrected_one() -> None:
    broken = MetricSpec(name="broken", summary="For a test", compute="no.such:thing")
    cellclf.register(broken)
    with pytest.raises(PluginError, match="cannot be imported"):
        run(EXPERIMENT, out=Path("run"), evaluation={"metrics": ["broken"]})
    assert not (Path("run") / "training").exists()
    assert run(EXPERIMENT, out=Path("run")).record["status"] == "complete"


@pytest.mark.parametrize("content", ['{"patient": 7}', "[1, 2]"])
def test_somebody_elses_record_is_left_as_it_is(content: str) -> None:
    Path("run").mkdir()
    record = Path("run") / "record.json"
    record.write_text(content)
    with pytest.raises(RunError):
        run(EXPERIMENT, out=Path("run"))
    assert record.read_text() == content


def test_a_run_refused_for_its_data_leaves_no_directory_behind() -> None:
    with pytest.raises(DataError):
        run(EXPERIMENT, out=Path("run"), data={"path": "nowhere"})
    assert not Path("run").exists()


def test_a_run_stopped_before_its_first_file_was_whole_goes_on() -> None:
    Path("run").mkdir()
    (Path("run") / ".record.4711.partial.json").write_text("{")
    assert run(EXPERIMENT, out=Path("run")).record["status"] == "complete"


def test_a_plugin_that_fails_at_its_work_is_named_and_the_run_can_go_on() -> None:
    cellclf.register(
        MetricSpec(name="broken", summary="For a test", compute="tests.tiny:broken_metric")
    )
    with pytest.raises(PluginError, match=r"`compute` of the metric 'broken'.*ZeroDivisionError"):
        run(EXPERIMENT, out=Path("run"), evaluation={"metrics": ["broken"]})


def test_callbacks_of_an_experiment_watch_each_epoch_and_change_no_number() -> None:
    cellclf.register(NOTING)
    plain = run(EXPERIMENT, out=Path("plain"))
    chosen = {"callbacks": ["noting"], "callback_params": {"noting": {"name": "epochs.txt"}}}
    watched = run(EXPERIMENT, out=Path("watched"), training=chosen)
    lines = (Path("watched") / "training" / "tiny_net" / "epochs.txt").read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [["0", "3"], ["1", "3"], ["2", "3"]]
    assert "images_per_second" in lines[0]
    pd.testing.assert_frame_equal(plain.predictions(), watched.predictions(), check_exact=True)
    settings = tomllib.loads((watched.path / "experiment.toml").read_text())["training"]
    assert settings["callback_params"] == {"noting": {"name": "epochs.txt"}}


def test_a_callback_that_fails_is_named() -> None:
    cellclf.register(FAULTY)
    with pytest.raises(PluginError, match=r"callback 'faulty'.*ZeroDivisionError"):
        run(EXPERIMENT, out=Path("run"), training={"callbacks": ["faulty"]})


def test_what_is_no_callback_is_refused_before_training() -> None:
    cellclf.register(EMPTY)
    with pytest.raises(PluginError, match=r"must return a keras.callbacks.Callback.*str"):
        run(EXPERIMENT, out=Path("run"), training={"callbacks": ["empty"]})
    assert not list(Path("run").rglob("history.csv"))


def test_parameters_of_a_callback_are_checked_before_anything_is_done() -> None:
    cellclf.register(NOTING)
    wrong = {"callbacks": ["noting"], "callback_params": {"noting": {"nam": "x"}, "other": {}}}
    with pytest.raises(ExperimentError) as refused:
        run(EXPERIMENT, out=Path("run"), training=wrong)
    places = [problem.place for problem in refused.value.problems]
    assert places == ["training.callback_params.other", "training.callback_params.noting.nam"]


def test_a_complete_run_is_returned_and_not_trained_again(
    finished: FinishedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished.path.parent)
    written = finished.bundle().stat().st_mtime_ns
    assert run(EXPERIMENT, out=finished.path).bundle().stat().st_mtime_ns == written


def test_a_run_directory_is_not_taken_over_by_other_images_or_settings() -> None:
    run(EXPERIMENT, out=Path("run"))
    with pytest.raises(RunError, match="holds the run of another experiment"):
        run(EXPERIMENT, out=Path("run"), seed=1)
    next((Path("cells") / "monocyte").iterdir()).unlink()
    with pytest.raises(RunError, match="no longer those"):
        run(EXPERIMENT, out=Path("run"))


def test_a_given_split_that_leaks_is_refused_and_may_be_made_anew() -> None:
    table = ["path,label,split"]
    for label in CLASSES:
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


def test_what_moved_answers_is_shown_beside_mistakes_whenever_the_report_is_made() -> None:
    with pytest.raises(KeyboardInterrupt):
        run(EXPERIMENT, out=Path("run"), progress=StopAt("tiny_net: explaining"))
    bundle = Path("run") / "models" / "tiny_net.safetensors"
    written = bundle.stat().st_mtime_ns
    finished = run(Path("run"))
    assert bundle.stat().st_mtime_ns == written
    test = finished.predictions().query("split == 'test'")
    assert (test["label"] != test["top_class"]).any()
    report = finished.report.read_text()
    for called in ("cell", "Grad-CAM", "occlusion"):
        assert re.search(f'<img[^>]* alt="{called} of [^"]+">', report)
    assert "by gradients (Grad-CAM), and by covering patches (occlusion); yellow" in report
    assert "A map shows what moved the score, not why it is right" in report


def test_an_architecture_that_gives_no_maps_does_not_cost_the_report() -> None:
    cellclf.register(replace(TINY, name="flat_net", explain_layer="features"))
    listener = Listener()
    finished = run({**EXPERIMENT, "models": ["flat_net"]}, out=Path("run"), progress=listener)
    report = finished.report.read_text()
    assert 'alt="occlusion of ' in report
    assert 'alt="Grad-CAM of ' not in report
    assert "Not shown beside these cells: Grad-CAM, because layer &#39;features&#39;" in report
    (said,) = (one for one in listener.warned if "report" in one)
    assert said.startswith("flat_net: the report is without Grad-CAM, because layer 'features' of ")


def test_a_run_with_images_enough_is_calibrated_and_held_against_its_gates(tmp_path: Path) -> None:
    write_folder(tmp_path / "many", {"monocyte": 280, "neutrophil": 280})
    experiment = {
        **EXPERIMENT,
        "data": {"path": "many", "image_size": 16},
        "evaluation": {"gates": ["accuracy >= 0", "sensitivity.monocyte >= 1 (lower bound)"]},
    }
    finished = run(experiment, out=Path("run"))
    assert finished.record["calibrated"]
    promises = finished.metrics["models"]["tiny_net"]["promises"]
    assert promises["review"]["target"] == 0.98
    assert set(promises["sets"]["classes"]) == {"monocyte", "neutrophil"}
    estimates = finished.estimates().set_index(["metric", "of"])
    assert estimates.loc[("accuracy", ""), "low"] <= estimates.loc[("accuracy", ""), "value"]
    assert [one["passed"] for one in finished.gates] == [True, False]
    assert not finished.passed
    summary = finished.summary()
    assert "Calibrated: confidences are off by" in summary
    assert "Gate sensitivity.monocyte >= 1 (lower bound): not reached" in summary
    report = finished.report.read_text()
    assert "How sure it is" in report
    assert "95&nbsp;% interval" in report
    assert (finished.path / "figures" / "tiny_net_calibration.png").exists()
    # A curve of mistakes is drawn where there are any, and a sentence says so where there are none.
    wrong = estimates.loc[("accuracy", ""), "value"] < 1
    assert (finished.path / "figures" / "tiny_net_acceptance.png").exists() == wrong
    assert ("asking for more confidence gains nothing" in report) != wrong
    assert finished.predictions()["review"].any()
    assert (finished.path / "figures" / "tiny_net_review.png").exists()
    assert "Answers to review first" in report
    # What the run found in its own images, its bundle finds too.
    table = finished.predictions()
    test = table[table["split"] == "test"].head(5)
    again = finished.load().predict([str(tmp_path / "many" / path) for path in test["sample_id"]])
    assert again["top_class"].tolist() == test["top_class"].tolist()
    assert again["review"].tolist() == test["review"].tolist()


def test_a_gate_about_a_class_that_there_is_not_is_refused_before_training() -> None:
    gates = {"gates": ["sensitivity.basophil >= 0.9"]}
    with pytest.raises(ExperimentError, match="must be about one of the classes"):
        run({**EXPERIMENT, "evaluation": gates}, out=Path("run"))
    assert not (Path("run") / "training").exists()


class Remembering(Silent):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def test_other_texts_of_the_card_are_reported_without_training_anew() -> None:
    first = run(EXPERIMENT, out=Path("run"))
    figures, bundle = first.metrics, first.bundle().read_bytes()
    assert "Contact: **not stated**" in (first.path / "model_card.md").read_text()
    listener = Remembering()
    stated = {"contact": "the laboratory"}
    again = run(EXPERIMENT, out=Path("run"), card=stated, progress=listener)
    assert "tiny_net: already trained" in listener.said
    assert again.metrics == figures
    assert again.bundle().read_bytes() == bundle
    assert "Contact: the laboratory" in (again.path / "model_card.md").read_text()
    assert "the laboratory" in again.report.read_text()
    listener = Remembering()
    run(EXPERIMENT, out=Path("run"), card=stated, progress=listener)
    assert "this run is complete already" in listener.said


def test_a_report_says_how_the_run_was_made(finished: FinishedRun) -> None:
    report = finished.report.read_text()
    for said in (
        "stretched to a square and resized to 16 × 16 pixels",
        "Every class was filled up to the largest with augmented views",
        "tiny_net of (this session)",
        "AdamW on the cross-entropy; all layers were trained together, at most 3 epochs",
    ):
        assert said in report
