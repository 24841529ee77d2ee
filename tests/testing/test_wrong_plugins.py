"""The checks themselves on trial: each wrong plugin fails the one check that names its fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cellclf.registry import Plugin, Registry, installed, register
from cellclf.specs import AugmentationSpec
from cellclf.testing import CHECKS, check_plugin, checks_for
from tests.testing.wrong import (
    augmentations,
    callbacks,
    datasets,
    engines,
    metrics,
    models,
    pretrained,
)
from tests.testing.wrong.case import Wrong
from tests.tiny import TINY

WRONG = [
    wrong
    for module in (models, datasets, augmentations, metrics, callbacks, engines, pretrained)
    for wrong in module.WRONG
]

ALWAYS_PASSES = {"speed_is_known"}
"""What tells, and judges nothing."""

WRONG_WHERE_INSTALLED = {"listing_imports_nothing_heavy", "parameters_fit", "engines_agree"}
"""What has a test of its own below."""


def failed(wrong: Wrong) -> dict[str, str]:
    outcomes = check_plugin(wrong.spec, **wrong.how, raises=False)
    return {one.check: one.message for one in outcomes if one.status == "failed"}


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Converting a network takes longer than all other checks of it."""
    nothing = Registry([])
    monkeypatch.setattr("cellclf.testing.models.elsewhere.installed", lambda: nothing)


@pytest.fixture
def one_process(wrong: Wrong, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process for each dataset, but for the one whose fault shows there alone."""
    if wrong.fault != "a backend is imported":
        monkeypatch.setattr("cellclf.testing.datasets.checks.fresh", lambda *_: [])


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of trained models."""
    folder = tmp_path_factory.mktemp("packages")
    pretrained.write_packages(folder)
    return folder


@pytest.fixture
def shipped(packages: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The packages of trained models can be imported, and their network is installed."""
    monkeypatch.syspath_prepend(packages)
    installed.cache_clear()
    register(TINY)
    yield
    installed.cache_clear()


def named(wrong: Wrong) -> Any:
    slow = [pytest.mark.slow] if wrong.slow else []
    return pytest.param(wrong, id=f"{wrong.spec.kind}: {wrong.fault}", marks=slow)


@pytest.mark.usefixtures("no_engine", "one_process", "shipped")
@pytest.mark.parametrize("wrong", [named(wrong) for wrong in WRONG])
def test_a_fault_is_found_by_the_check_that_names_it_and_by_no_other(wrong: Wrong) -> None:
    assert list(failed(wrong)) == [wrong.check]


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(
    "right",
    [
        models.RIGHT,
        augmentations.RIGHT,
        metrics.RIGHT,
        callbacks.RIGHT,
        engines.RIGHT,
        pretrained.RIGHT,
    ],
    ids=lambda spec: spec.kind,
)
def test_the_same_plugin_without_the_fault_passes(right: AugmentationSpec) -> None:
    outcomes = check_plugin(right)
    assert [one.check for one in outcomes] == [check.name for check in checks_for(right)]


def test_the_same_dataset_without_the_fault_passes() -> None:
    check_plugin(datasets.RIGHT, root=datasets.lay_out, zipped=True)


def test_every_check_has_found_a_fault() -> None:
    tried = {wrong.check for wrong in WRONG} | WRONG_WHERE_INSTALLED | ALWAYS_PASSES
    assert tried == {check.name for check in CHECKS}


def test_a_parameter_without_a_default_must_be_given() -> None:
    wrong = Wrong(
        fault="no such value", check="parameters_fit", spec=models.RIGHT, how={"params": {"x": 1}}
    )
    assert list(failed(wrong)) == ["parameters_fit"]


@pytest.fixture
def greedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed plugin that imports TensorFlow, or something of that name, when it is listed."""
    information = tmp_path / "greedy-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: greedy\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[cellclf]\ngreedy = greedy\n")
    (tmp_path / "greedy.py").write_text(
        "import sys, types, cellclf\n"
        "from tests.testing.wrong.augmentations import RIGHT\n"
        "if 'pytest' not in sys.modules:\n"
        "    sys.modules['tensorflow'] = types.ModuleType('tensorflow')\n"
        "@cellclf.hookimpl\n"
        "def cellclf_augmentations():\n"
        "    yield RIGHT\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    installed.cache_clear()
    yield
    installed.cache_clear()


@pytest.mark.usefixtures("greedy")
def test_a_plugin_that_imports_tensorflow_when_it_is_listed_is_found() -> None:
    for name in ("greedy", "brighter", "greedy/brighter"):
        outcomes = check_plugin(name, raises=False)
        wrong = [one for one in outcomes if one.status == "failed"]
        assert [one.check for one in wrong] == ["listing_imports_nothing_heavy"]
        assert wrong[0].message.endswith("Received: tensorflow")


def test_a_network_that_an_engine_cannot_take_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = next(one.spec for one in engines.WRONG if one.fault == "nothing can be converted")
    registry = Registry(
        [Plugin(name="other", distribution="other", version="1", specs=(refusing,))]
    )
    monkeypatch.setattr("cellclf.testing.models.elsewhere.installed", lambda: registry)
    outcomes = check_plugin(models.RIGHT, raises=False)
    wrong = [one for one in outcomes if one.status == "failed"]
    assert [one.check for one in wrong] == ["engines_agree"]
    assert "an operation is not known" in wrong[0].message
