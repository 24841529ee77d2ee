"""What a user calls a model."""

from __future__ import annotations

import pytest

from cellclf.errors import BundleError
from cellclf.inference.locate import find_bundle


@pytest.fixture
def run(tmp_path):
    (tmp_path / "models").mkdir()
    return tmp_path


def model(run, label):
    path = run / "models" / f"{label}.safetensors"
    path.touch()
    return path


def test_a_file_is_itself_whether_or_not_it_exists(run):
    assert find_bundle(str(model(run, "a"))) == run / "models" / "a.safetensors"
    assert find_bundle("gone.safetensors").name == "gone.safetensors"


def test_a_run_directory_is_its_best_model(run):
    model(run, "a")
    model(run, "b")
    (run / "metrics.json").write_text('{"best": "b"}', encoding="utf-8")
    assert find_bundle(run).stem == "b"


@pytest.mark.parametrize("metrics", [None, "{}", "[]", "no JSON", '{"best": "../../x"}'])
def test_a_run_that_names_no_best_is_its_only_model(run, metrics):
    only = model(run, "a")
    if metrics is not None:
        (run / "metrics.json").write_text(metrics, encoding="utf-8")
    assert find_bundle(run) == only


def test_several_models_of_which_none_is_best_are_listed(run):
    model(run, "a")
    model(run, "b")
    with pytest.raises(BundleError, match=r"(?s)name one of:.*a\.safetensors.*b\.safetensors"):
        find_bundle(run)


def test_a_directory_without_models_is_refused(run):
    with pytest.raises(BundleError, match="holds none"):
        find_bundle(run)


def test_a_name_that_nothing_goes_by_is_refused(run, monkeypatch):
    monkeypatch.chdir(run)
    with pytest.raises(BundleError, match="Received: vgg16"):
        find_bundle("vgg16")
