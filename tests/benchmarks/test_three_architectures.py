"""The comparison of the three architectures: what is kept of runs, and what is made from that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tomli_w

from benchmarks.three_architectures.__main__ import PAGE, RESULTS
from benchmarks.three_architectures.keeping import ANSWERS, keep, places_in
from benchmarks.three_architectures.kept import NAMES, read
from benchmarks.three_architectures.page import BETWEEN, results_in_words, show
from benchmarks.three_architectures.runs import FULL, KIND, REDUCED, Asked, Run, chosen, planned
from benchmarks.three_architectures.training import SPEEDS
from cellclf.checking import plan
from cellclf.evaluation.estimates import estimates
from cellclf.evaluation.prediction_files import Sidecar, write_predictions
from cellclf.evaluation.predictions import predictions_table
from cellclf.files import write_json, write_text
from cellclf.pipeline.metrics import core_metrics
from cellclf.registry import installed
from cellclf.run_directory import COMPLETE, RunDirectory
from cellclf.training.history import EpochRow, write_history

ROOT = Path(__file__).parents[2]
CLASSES = ("a", "b")
CELLS = 200
COMPUTED = ("accuracy", "balanced_accuracy", "f1")
RIGHT = {"custom_cnn": 0.95, "efficientnet_b4": 0.75, "vgg16": 0.5}
EMPTY_PAGE = "# Page\n\n<!-- results: begin -->\n<!-- results: end -->\n\nThe end.\n"


def made(out: Path, *names: str) -> Path:
    """Finished runs as training leaves them, of two classes that are told apart more or less."""
    asked = Asked(kind=REDUCED)
    asked.write_down(out)
    for name in names:
        run = Run.named(name)
        directory, label = RunDirectory(out / name), run.architecture
        table = _answers(run)
        write_predictions(table, directory.predictions(label), sidecar=Sidecar(classes=CLASSES))
        division = pd.DataFrame({"sample_id": table["sample_id"], "unit": range(CELLS)})
        division.to_csv(directory.division_file, index=False)
        write_text(directory.experiment_file, tomli_w.dumps(asked.experiment(run, out / "images")))
        metrics = [one for one in core_metrics() if one.name in COMPUTED]
        found = estimates(table, metrics, resamples=50)
        values = {(row["metric"], row["of"]): row["value"] for row in found.to_dict("records")}
        figures = {
            "accuracy": values["accuracy", ""],
            "balanced_accuracy": values["balanced_accuracy", ""],
            "f1_macro": values["f1", "macro"],
        }
        write_json(
            directory.metrics_file,
            {
                "comparison": [{"model": label, **figures}],
                "models": {label: {"estimates": found.to_dict("records")}},
            },
        )
        _write_training(directory, label)
        counts = {"train": {"a": 60, "b": 40}, "test": {"a": 100, "b": 100}}
        record = {"status": COMPLETE, "counts": counts, "devices": ["cpu:0"], "findings": ["long"]}
        write_json(directory.record_file, {**record, "platform": "here", "plugin_files": []})
    return out


def _answers(run: Run) -> pd.DataFrame:
    rng = np.random.default_rng([run.seed, len(run.name)])
    true = np.arange(CELLS) % 2
    right = rng.random(CELLS) < RIGHT[run.architecture]
    first = np.where((true == 0) == right, 0.75, 0.25)
    return predictions_table(
        sample_ids=[f"{CLASSES[number]}/{cell}.jpg" for cell, number in enumerate(true)],
        paths=[f"/home/somebody/{cell}.jpg" for cell in range(CELLS)],
        splits=["test"] * CELLS,
        labels=[CLASSES[number] for number in true],
        probabilities=np.stack([first, 1 - first], axis=1),
        classes=CLASSES,
    )


def _write_training(directory: RunDirectory, label: str) -> None:
    rows = [
        EpochRow(
            epoch=epoch,
            loss=1 / epoch,
            accuracy=0.5,
            validation_loss=1.0,
            validation_accuracy=0.8,
            learning_rate=1e-3,
            seconds=2.0,
            images_per_second=100.0 * epoch,
        )
        for epoch in (1, 2, 3)
    ]
    write_history(directory.training(label), rows)
    facts = {"epochs": 3, "best_epoch": 2, "parameters": 12_345, "training_seconds": 6.0}
    write_json(directory.facts(label), {**facts, "promises": {"long": [1.0] * 50}})
    speeds = {"processors": 2, "keras": 1000.0, "fastest": 2000.0, "engine": "openvino"}
    write_json(directory.path / SPEEDS, speeds)


def shown(tmp_path: Path, *names: str) -> str:
    """The page that `show` makes from what `keep` keeps of such runs."""
    keep(made(tmp_path / "out", *names), tmp_path / "kept")
    page = tmp_path / "page.md"
    page.write_text(EMPTY_PAGE, encoding="utf-8")
    show(tmp_path / "kept", page)
    return page.read_text(encoding="utf-8")


def test_every_run_asks_for_an_experiment_that_can_be_run(tmp_path: Path) -> None:
    for kind in (FULL, REDUCED):
        asked = Asked(kind=kind, settings=["training.batch_size=16"], seconds=30)
        runs = planned(asked)
        assert len({run.name for run in runs}) == len(runs) == 10
        for run in runs:
            experiment = plan(asked.experiment(run, tmp_path), installed()).experiment
            assert (experiment.seed, experiment.data.split.seed) == (run.seed, 0)
            assert [*experiment.models] == [run.architecture]
            assert experiment.training.batch_size == 16
            assert experiment.training.epochs == 100
            assert experiment.training.time_budget == (30 if run.budget == "seconds" else None)
            assert experiment.data.image_size == (128 if kind == FULL else 64)


def test_runs_are_chosen_by_name_and_pattern() -> None:
    runs = planned(Asked(kind=REDUCED))
    assert [run.name for run in chosen(runs, ["*-vgg16-*"])] == [
        "epochs-vgg16-0",
        "seconds-vgg16-0",
    ]
    assert chosen(runs, []) == runs
    with pytest.raises(SystemExit, match="no run is called epochs-vgg19-0: epochs-custom_cnn-0,"):
        chosen(runs, ["epochs-vgg19-0"])


def test_a_comparison_that_was_begun_otherwise_does_not_go_on(tmp_path: Path) -> None:
    Asked(kind=REDUCED).write_down(tmp_path)
    Asked(kind=REDUCED).write_down(tmp_path)
    with pytest.raises(SystemExit, match="was begun with other settings"):
        Asked(kind=FULL).write_down(tmp_path)


def test_the_page_is_made_from_the_kept_records_alone(tmp_path: Path) -> None:
    names = [f"{budget}-{name}-0" for budget in ("epochs", "seconds") for name in RIGHT]
    page = shown(tmp_path, *names, "epochs-custom_cnn-1", "epochs-custom_cnn-2")
    assert page.startswith("# Page\n") and page.endswith("The end.\n")
    caption = (
        "Reduced comparison: 64 px, 100 training images, 200 test images, on 2 processor cores."
    )
    assert page.count(f"*{caption}*") == 4
    assert page.count("\n**At most 100 epochs**\n") == page.count("\n**120 s**\n") == 2
    assert [page.count(f"\n| custom CNN | {seed} | ") for seed in range(3)] == [2, 1, 1]
    assert "| custom CNN | mean of 3 ± SD | 9" in page
    assert page.count("| custom CNN, VGG16 | +") == 2
    assert page.count("| yes |") == 6
    assert "| custom CNN | 12,345 | 200 | 1,000 | 2,000 (openvino) | – |" in page
    for name in ("figures", "curves"):
        drawing = (tmp_path / f"page-{name}.svg").read_text(encoding="utf-8")
        assert caption in drawing
        assert f"page-{name}.svg" in page
    before = page
    show(tmp_path / "kept", tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == before


def test_differences_are_those_of_the_runs_themselves(tmp_path: Path) -> None:
    out = made(tmp_path / "out", "epochs-custom_cnn-0", "epochs-vgg16-0")
    right = {}
    for run in map(Run.named, ("epochs-custom_cnn-0", "epochs-vgg16-0")):
        table = _answers(run)
        right[run.architecture] = (table["label"] == table["top_class"]).to_numpy()
    alone = [
        int((right[one] & ~right[other]).sum())
        for one, other in (("custom_cnn", "vgg16"), ("vgg16", "custom_cnn"))
    ]
    keep(out, tmp_path / "kept")
    made_of_it = results_in_words(read(tmp_path / "kept"), stem="page")
    points = 100 * (alone[0] - alone[1]) / CELLS
    assert f"| custom CNN, VGG16 | {points:+.1f} (" in made_of_it
    assert f") | {alone[0]}, {alone[1]} | " in made_of_it


@pytest.mark.parametrize("name", ["epochs-vgg16-0", "seconds-custom_cnn-1"])
def test_one_run_is_shown_without_pairs(tmp_path: Path, name: str) -> None:
    page = shown(tmp_path, name)
    assert NAMES[Run.named(name).architecture] in page
    assert "### Pairs" not in page


def test_nothing_of_the_machine_is_kept(tmp_path: Path) -> None:
    out = made(tmp_path / "out", "epochs-custom_cnn-0")
    keep(out, tmp_path / "kept")
    experiment = (tmp_path / "kept/epochs-custom_cnn-0/experiment.toml").read_text()
    assert 'path = "PBC"' in experiment
    assert str(tmp_path) not in "".join(
        file.read_text()
        for file in (tmp_path / "kept").rglob("*")
        if file.suffix in (".json", ".toml")
    )
    record = (tmp_path / "kept/epochs-custom_cnn-0/record.json").read_text()
    assert "here" not in record and "long" not in record
    metrics = RunDirectory(out / "epochs-custom_cnn-0").metrics_file
    text = metrics.read_text()
    metrics.write_text(text.replace("Clopper-Pearson", "/home/somebody/notes", 1))
    with pytest.raises(SystemExit, match="names a place on this machine: /home/somebody/notes"):
        keep(out, tmp_path / "kept")


def test_runs_that_were_judged_on_different_images_are_not_kept_together(tmp_path: Path) -> None:
    out = made(tmp_path / "out", "epochs-custom_cnn-0", "epochs-vgg16-0")
    table = _answers(Run.named("epochs-vgg16-0")).iloc[:-1]
    stem = RunDirectory(out / "epochs-vgg16-0").predictions("vgg16")
    write_predictions(table, stem, sidecar=Sidecar(classes=CLASSES))
    with pytest.raises(SystemExit, match="was judged on other images than"):
        keep(out, tmp_path / "kept")


def test_places_on_machines_are_found() -> None:
    assert [*places_in('"/home/me/pbc" and C:\\data')] == ["/home/me/pbc", "C:\\d"]
    assert [*places_in("basophil/BA_1.jpg, images/s, https://a.org/b/c, 1/2, */x/y")] == []


def test_the_page_of_the_documentation_shows_what_is_kept() -> None:
    kept = read(ROOT / RESULTS)
    between = BETWEEN.search((ROOT / PAGE).read_text(encoding="utf-8"))
    assert between is not None
    assert between[0] == results_in_words(kept, stem=PAGE.stem)
    allowed = {".json", ".toml", ".csv", ".gz"}
    files = [file for file in (ROOT / RESULTS).rglob("*") if file.is_file()]
    assert {file.suffix for file in files} <= allowed
    for file in files:
        if file.name != ANSWERS:
            assert [*places_in(file.read_text(encoding="utf-8"))] == []
    assert kept is None or (ROOT / RESULTS / KIND).exists()
