"""What a run says of itself: its findings, maps, promises and gates."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import cellclf
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.run import run
from tests.images import write_folder
from tests.listening import Listener, StopAt
from tests.tiny import TINY
from tests.tiny_run import CELLS, EXPERIMENT

pytestmark = pytest.mark.usefixtures("cells_at_hand")


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
    assert finished.record["background_probe"]["classes"] == list(CELLS)
    assert "neutrophil/text.png" in (finished.path / "audit.html").read_text()
    report = (finished.path / "report.html").read_text()
    assert 'href="audit.html"' in report
    assert "The border alone sorts" in report


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


def test_a_report_says_how_the_run_was_made(one_model: FinishedRun) -> None:
    report = one_model.report.read_text()
    for said in (
        "stretched to a square and resized to 16 × 16 pixels",
        "Every class was filled up to the largest with augmented views",
        "tiny_net of (this session)",
        "AdamW on the cross-entropy; all layers were trained together, at most 3 epochs",
    ):
        assert said in report
