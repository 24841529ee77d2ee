"""A run and leakage: refused, or allowed and then said wherever a figure stands."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cellclf
from cellclf.checking import plan
from cellclf.cli.exit_codes import ExitCode
from cellclf.cli.main import app
from cellclf.data.decode import DECODE_VERSION
from cellclf.errors import DataError, LeakageError, LeakageWarning
from cellclf.evaluation.predictions import predictions_table
from cellclf.evaluation.sources import fingerprint
from cellclf.inference.bundle import BundleManifest, read_bundle, write_bundle
from cellclf.pipeline.earlier import refuse_earlier
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.prepare import Prepared, prepare_data
from cellclf.pipeline.run import run
from cellclf.pipeline.train import Trained
from cellclf.pipeline.verdict import judge_models
from cellclf.progress import Silent
from cellclf.registry import installed
from cellclf.terms import JUDGED
from tests.images import write_folder
from tests.listening import Listener
from tests.tiny import STARTING, TINY

EXPERIMENT: dict[str, Any] = {
    "data": {"dataset": "image_folder", "path": "cells", "image_size": 16},
    "models": ["tiny_net"],
    "training": {"epochs": 1, "batch_size": 8},
}
PATIENTS = {"data": {"group_pattern": r"/(?P<patient>C\d+)P"}}
ALLOWED = {"data": {"split": {"allow_leakage": True}}}


@pytest.fixture(autouse=True)
def _registered(tmp_path: Path, tiny_net: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cellclf.register(STARTING)


def write_patients(root: Path, *, shared: bool) -> None:
    """Cells of two classes in train and test, named by patient as the NIH malaria set names them.

    Args:
        root: Where to.
        shared: Patients 0 and 2 lie in both parts; else each lies in one.
    """
    classes = {"Parasitized": 32, "Uninfected": 32}
    write_folder(root, classes)
    for label, count in classes.items():
        for number in range(count):
            part = "test" if number % 4 == 0 else "train"
            patient = number % 8 if not shared else number // 2 % 4
            name = f"C{patient}P{patient + 3}ThinF_IMG_2015{number:04}_cell_{number}{label[0]}.png"
            place = root / part / label / name
            place.parent.mkdir(parents=True, exist_ok=True)
            (root / label / f"{number:03}.png").rename(place)
        (root / label).rmdir()


def laid_over(*sections: dict[str, Any]) -> dict[str, Any]:
    """The experiment with settings of its data laid over it."""
    data: dict[str, Any] = dict(EXPERIMENT["data"])
    for section in sections:
        data |= section["data"]
    return EXPERIMENT | {"data": data}


def prepared(*sections: dict[str, Any]) -> Prepared:
    return prepare_data(plan(laid_over(*sections), installed()), Silent())


def parts_of_patients(found: Prepared) -> dict[str, set[str]]:
    where: dict[str, set[str]] = {}
    for sample, part in zip(found.samples, found.split.parts, strict=True):
        where.setdefault(sample.groups["patient"], set()).add(str(part))
    return where


def test_a_given_split_that_shares_patients_is_refused_by_name_and_leaves_nothing_behind() -> None:
    write_patients(Path("cells"), shared=True)
    with pytest.raises(LeakageError, match=r"(?s)2 times.*patient 'C0' is in train .* and test"):
        run(laid_over(PATIENTS), out=Path("run"))
    assert not Path("run").exists()


def test_the_refusal_names_the_command_that_shows_the_pictures() -> None:
    write_patients(Path("cells"), shared=True)
    with pytest.raises(LeakageError) as refused:
        prepared(PATIENTS)
    line = str(refused.value).splitlines()[-1].strip()
    command, audit, *options = shlex.split(line)
    assert (command, audit) == ("cellclf", "audit")
    with pytest.raises(SystemExit) as ended:
        app([audit, *options])
    assert ended.value.code == ExitCode.NOT_REACHED
    assert "Patient &#39;C0&#39; is in train" in Path("audit.html").read_text("utf-8")


def test_images_without_a_label_are_refused_with_what_to_do() -> None:
    write_folder(Path(), {"cells": 6})
    with pytest.raises(DataError, match=r"6 of 6 without one, such as 000\.png.*neutrophil/1.jpg"):
        prepared()


def test_a_given_split_that_shares_no_patient_is_kept() -> None:
    write_patients(Path("cells"), shared=False)
    found = prepared(PATIENTS)
    assert found.leaks == ()
    for sample, part in zip(found.samples, found.split.parts, strict=True):
        assert (part == "test") == sample.id.startswith("test/")


def test_a_division_anew_keeps_every_patient_whole() -> None:
    write_patients(Path("cells"), shared=True)
    anew = {"data": {"split": {"keep_given": False, "calibration": 0.0, "test": 0.25}}}
    found = prepared(PATIENTS, anew)
    assert all(len(parts) == 1 for parts in parts_of_patients(found).values())
    assert not found.leaky


def test_without_parts_that_were_given_no_patient_is_ever_divided() -> None:
    write_patients(Path("all"), shared=True)
    for number, file in enumerate(sorted(Path("all").rglob("*.png"))):
        place = Path("cells") / file.parent.name / f"{number % 8}-{file.name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        file.rename(place)
    by_pattern = {"data": {"group_pattern": r"/(?P<patient>\d)-"}}
    found = prepared(by_pattern)
    assert all(len(parts) == 1 for parts in parts_of_patients(found).values())
    assert all(len(found.split.rows(part)) for part in JUDGED)


def test_groups_come_from_a_table_beside_the_images_too() -> None:
    write_patients(Path("cells"), shared=True)
    files = sorted(Path("cells").rglob("*.png"))
    rows = [f"{file.name},{file.name.partition('P')[0]}" for file in files]
    Path("groups.csv").write_text("\n".join(["file,patient", *rows]), encoding="utf-8")
    table = {"path": "groups.csv", "path_column": "file", "group_columns": ["patient"]}
    with pytest.raises(LeakageError, match="patient 'C0'"):
        prepared({"data": {"group_table": table}})


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FinishedRun, list[str]]]:
    """A run whose given split leaks, which was allowed, and the warnings that it gave."""
    root = tmp_path_factory.mktemp("leaky run")
    installed.cache_clear()
    cellclf.register(TINY)
    write_patients(root / "cells", shared=True)
    listener = Listener()
    experiment = laid_over(PATIENTS, ALLOWED, {"data": {"path": root / "cells"}})
    yield run(experiment, out=root / "run", progress=listener), listener.warned


def test_a_leak_that_was_allowed_is_warned_of_recorded_and_said_in_the_summary(
    leaky: tuple[FinishedRun, list[str]],
) -> None:
    finished, warned = leaky
    assert any("patient 'C0' is in train" in text and "marked as leaky" in text for text in warned)
    assert finished.leaky
    assert finished.record["leaky"] is True
    assert [leak["tie"] for leak in finished.record["leaks"]] == ["patient 'C0'", "patient 'C2'"]
    assert "Leaky" in finished.summary()


def test_every_file_with_figures_of_a_leaky_run_says_so(
    leaky: tuple[FinishedRun, list[str]],
) -> None:
    finished, _ = leaky
    metrics = finished.metrics
    assert metrics["leaky"] is True
    assert metrics["models"]["tiny_net"]["leaky"] is True
    assert finished.comparison["leaky"].tolist() == [True]
    sidecar = json.loads((finished.path / "predictions" / "tiny_net.json").read_text("utf-8"))
    assert sidecar["leaky"] is True
    page = finished.report.read_text("utf-8")
    assert "<title>Leaky: " in page
    assert "Leaky split:" in page
    assert "patient &#39;C0&#39; is in train" in page
    assert "none of them in two parts" not in page


def test_the_bundle_of_a_leaky_run_says_so_when_it_is_loaded(
    leaky: tuple[FinishedRun, list[str]],
) -> None:
    finished, _ = leaky
    assert read_bundle(finished.bundle()).manifest.leaky
    with pytest.warns(LeakageWarning, match="Leaky"):
        classifier = finished.load()
    classified = classifier.classify(finished.path.parent / "cells" / "train")
    assert classified.leaky
    assert "Leaky" in classified.summary()


def test_a_leaky_run_keeps_the_given_parts_as_they_are(
    leaky: tuple[FinishedRun, list[str]],
) -> None:
    finished, _ = leaky
    division = pd.read_csv(finished.path / "division.csv", keep_default_na=False)
    given_test = division["sample_id"].str.startswith("test/")
    assert (division["part"] == "test").tolist() == given_test.tolist()


@pytest.fixture
def honest() -> FinishedRun:
    write_folder(Path("cells"), {"ig": 20, "lymphocyte": 20})
    content = (Path("cells") / "ig" / "000.png").read_bytes()
    (Path("cells") / "lymphocyte" / "twin.png").write_bytes(content)
    return run(EXPERIMENT, out=Path("run"))


def test_an_honest_run_bears_no_mark_lists_what_it_left_out_and_remembers_what_it_saw(
    honest: FinishedRun,
) -> None:
    assert not honest.leaky
    assert honest.record["leaks"] == []
    assert "leaky" not in honest.comparison.columns
    assert "Leaky" not in honest.summary()
    page = honest.report.read_text("utf-8")
    assert "leaky</span>" not in page
    left_out = honest.record["left_out"]
    assert [one["sample_id"] for one in left_out] == ["ig/000.png", "lymphocyte/twin.png"]
    assert {one["kind"] for one in left_out} == {"label_conflict"}
    assert "In no part: 2" in page
    division = pd.read_csv(honest.path / "division.csv", keep_default_na=False)
    out = division[division["part"] == ""]
    assert out["sample_id"].tolist() == ["ig/000.png", "lymphocyte/twin.png"]
    assert out["left_out"].str.startswith("label_conflict: ").all()
    counts = honest.record["counts"]
    assert sum(sum(part.values()) for part in counts.values()) == (division["part"] != "").sum()
    assert not set(out["sample_id"]) & set(honest.predictions()["sample_id"])
    trained = division.loc[division["part"] == "train", "content"]
    np.testing.assert_array_equal(read_bundle(honest.bundle()).trained, fingerprint(trained))
    classified = honest.load().classify("cells")
    assert len(classified.trained) == len(trained)


def judged(sources: pd.DataFrame, **options: bool) -> None:
    """Judge one model by the rows of `sources` that are not in train."""
    rows = sources[sources["part"] != "train"]
    table = predictions_table(
        sample_ids=list(rows["sample_id"]),
        splits=list(rows["part"]),
        labels=["a"] * len(rows),
        probabilities=[[0.9, 0.1]] * len(rows),
        classes=("a", "b"),
    )
    facts = {"parameters": 1, "epochs": 1, "training_seconds": 1.0}
    model = Trained(label="m", history=pd.DataFrame(), predictions=table, facts=facts)
    judge_models((), [model], ("a", "b"), sources=sources, **options)


def sources(parts: Sequence[str], units: Sequence[int], content: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample_id": [f"s{n}" for n in range(len(parts))],
            "part": parts,
            "unit": units,
            "content": content,
        }
    )


def test_no_figure_is_computed_from_an_image_whose_source_was_trained_on() -> None:
    parts = ["train", "validation", "test", "test"]
    judged(sources(parts, [0, 1, 2, 3], ["a", "b", "c", "d"]))
    for units, content in (
        ([0, 1, 2, 0], ["a", "b", "c", "d"]),
        ([0, 1, 2, 3], ["a", "b", "c", "a"]),
    ):
        tied = sources(parts, units, content)
        with pytest.raises(LeakageError, match=r"1 of 3 images that are to judge .*s3"):
            judged(tied)
        judged(tied, leaky=True)


def write_earlier(place: Path, content: Sequence[str]) -> None:
    manifest = BundleManifest(
        architecture="starting_net",
        distribution="somewhere",
        distribution_version="1",
        classes=("ig", "lymphocyte"),
        image_size=16,
        resize="stretch",
        decode_version=DECODE_VERSION,
    )
    weights = {"kernel": np.zeros(1, np.float32)}
    write_bundle(place, manifest, weights, trained=fingerprint(content))


def starting_from(place: Path) -> dict[str, Any]:
    return {"starting": {"use": "starting_net", "params": {"weights": str(place)}}}


def test_a_model_may_not_start_from_one_that_was_trained_on_what_judges_it() -> None:
    write_folder(Path("cells"), {"ig": 20, "lymphocyte": 20})
    found = prepared()
    row = int(found.split.rows("test")[0])
    write_earlier(Path("earlier.safetensors"), [found.store.content[row]])
    models = starting_from(Path("earlier.safetensors"))
    wanted = r"earlier\.safetensors, which the model 'starting' starts from, was trained on 1 of"
    with pytest.raises(LeakageError, match=wanted) as refused:
        run(EXPERIMENT | {"models": models}, out=Path("run"))
    assert f"{found.samples[row].id} (test)" in str(refused.value)
    assert not Path("run").exists()


def test_what_an_earlier_model_was_trained_on_is_remembered_by_the_next() -> None:
    write_folder(Path("cells"), {"ig": 20, "lymphocyte": 20})
    found = prepared()
    elsewhere = "f" * 64
    write_earlier(Path("earlier.safetensors"), [elsewhere])
    models = starting_from(Path("earlier.safetensors"))
    finished = run(EXPERIMENT | {"models": models}, out=Path("run"))
    here = [found.store.content[row] for row in found.split.rows("train")]
    trained = read_bundle(finished.bundle()).trained
    np.testing.assert_array_equal(trained, fingerprint([*here, elsewhere]))


def test_an_earlier_model_that_does_not_say_what_it_saw_is_warned_of() -> None:
    write_folder(Path("cells"), {"ig": 20, "lymphocyte": 20})
    write_earlier(Path("earlier.safetensors"), [])
    listener = Listener()
    models = starting_from(Path("earlier.safetensors"))
    refuse_earlier(plan(EXPERIMENT | {"models": models}, installed()), prepared(), listener)
    assert any("does not say which images it was trained on" in text for text in listener.warned)


def test_a_file_without_a_group_stops_the_run_by_name() -> None:
    write_patients(Path("cells"), shared=True)
    (Path("cells") / "train" / "Uninfected" / "control.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"control\.png' does not match"):
        prepared(PATIENTS)
