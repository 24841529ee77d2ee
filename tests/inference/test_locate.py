"""What a user calls a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from cellclf.errors import BundleError
from cellclf.inference.locate import find_bundle


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "record.json").write_text('{"status": "complete"}', encoding="utf-8")
    return tmp_path


def model(run: Path, label: str) -> Path:
    path = run / "models" / f"{label}.safetensors"
    path.touch()
    return path


def test_a_file_is_itself_whether_or_not_it_exists(run: Path) -> None:
    assert find_bundle(str(model(run, "a"))) == run / "models" / "a.safetensors"
    assert find_bundle("gone.safetensors").name == "gone.safetensors"


def test_a_run_directory_is_its_best_model(run: Path) -> None:
    model(run, "a")
    model(run, "b")
    (run / "metrics.json").write_text('{"best": "b"}', encoding="utf-8")
    assert find_bundle(run).stem == "b"


@pytest.mark.parametrize("metrics", [None, "{}", "[]", "no JSON", '{"best": "../../x"}'])
def test_a_run_that_does_not_say_which_model_is_best_is_refused(run: Path, metrics: str) -> None:
    model(run, "a")
    if metrics is not None:
        (run / "metrics.json").write_text(metrics, encoding="utf-8")
    with pytest.raises(BundleError, match="best"):
        find_bundle(run)


def test_of_a_run_that_is_not_complete_a_model_must_be_named(run: Path) -> None:
    model(run, "a")
    (run / "metrics.json").write_text('{"best": "a"}', encoding="utf-8")
    (run / "record.json").write_text('{"status": "running"}', encoding="utf-8")
    with pytest.raises(BundleError, match=r"(?s)not complete.*name one.*a\.safetensors"):
        find_bundle(run)


def test_a_directory_without_models_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="holds no model"):
        find_bundle(tmp_path)


def test_a_name_that_nothing_goes_by_is_refused(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run)
    with pytest.raises(BundleError, match="no trained model is called 'vgg16'"):
        find_bundle("vgg16")
