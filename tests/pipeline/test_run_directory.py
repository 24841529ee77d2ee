"""Whose a run directory is: runs that were stopped, are complete, or somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

import cellclf
from cellclf.errors import DataError, PluginError, RunError
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.run import run
from cellclf.specs import MetricSpec
from tests.listening import Listener, StopAt
from tests.tiny_run import EXPERIMENT

pytestmark = pytest.mark.usefixtures("cells_at_hand")


def test_a_stopped_run_goes_on_and_ends_with_the_numbers_of_an_unbroken_one(
    one_model: FinishedRun,
) -> None:
    two = EXPERIMENT | {"models": {"one": {"use": "tiny_net"}, "two": {"use": "tiny_net"}}}
    with pytest.raises(KeyboardInterrupt):
        run(two, out=Path("stopped"), progress=StopAt("two: training"))
    with pytest.raises(RunError, match="no complete run"):
        FinishedRun(Path("stopped"))
    first = (Path("stopped") / "models" / "one.safetensors").stat().st_mtime_ns
    resumed = run(Path("stopped"))
    assert (Path("stopped") / "models" / "one.safetensors").stat().st_mtime_ns == first
    unbroken = one_model.metrics["models"]["tiny_net"]
    assert resumed.metrics["models"] == {"one": unbroken, "two": unbroken}


def test_a_directory_in_which_no_run_was_begun_says_what_to_do() -> None:
    with pytest.raises(RunError, match="Give the command that began it again"):
        run(Path("cells"))


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
    nowhere = {"data": {"path": "nowhere"}}
    with pytest.raises(DataError, match="nothing there"):
        run(EXPERIMENT, **nowhere, out=Path("all") / "runs" / "new")
    assert not Path("all").exists()
    Path("all").mkdir()
    with pytest.raises(DataError, match="nothing there"):
        run(EXPERIMENT, **nowhere, out=Path("all") / "runs" / "new")
    assert [*Path("all").iterdir()] == []


def test_a_run_directory_is_not_taken_over_by_other_images_or_settings() -> None:
    run(EXPERIMENT, out=Path("run"))
    with pytest.raises(RunError, match=r"of another experiment \(different: seed\)"):
        run(EXPERIMENT, out=Path("run"), seed=1)
    next((Path("cells") / "monocyte").iterdir()).unlink()
    with pytest.raises(RunError, match="no longer those"):
        run(EXPERIMENT, out=Path("run"))


def test_other_texts_of_the_card_are_reported_without_training_anew() -> None:
    first = run(EXPERIMENT, out=Path("run"))
    figures, bundle = first.metrics, first.bundle().read_bytes()
    assert "Contact: **not stated**" in (first.path / "model_card.md").read_text()
    listener = Listener()
    stated = {"contact": "the laboratory"}
    again = run(EXPERIMENT, out=Path("run"), card=stated, progress=listener)
    assert "tiny_net: already trained" in listener.said
    assert again.metrics == figures
    assert again.bundle().read_bytes() == bundle
    assert "Contact: the laboratory" in (again.path / "model_card.md").read_text()
    assert "the laboratory" in again.report.read_text()
    listener = Listener()
    run(EXPERIMENT, out=Path("run"), card=stated, progress=listener)
    assert "this run is complete already" in listener.said
