"""Finished runs that several files of tests look at, and a place to make others in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cellclf.pipeline.finished import FinishedRun
from tests.images import write_folder
from tests.tiny_run import CELLS, EXPERIMENT, finished_run, tiny_net_installed


@pytest.fixture
def tiny_net() -> Iterator[None]:
    """The tiny network is on offer."""
    with tiny_net_installed():
        yield


@pytest.fixture
def cells_at_hand(tmp_path: Path, tiny_net: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory is empty but for `cells`, and the tiny network is on offer."""
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "cells", CELLS)


@pytest.fixture(scope="session")
def one_model(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """A run of `EXPERIMENT` on `CELLS`, to be looked at and left as it is."""
    return finished_run(tmp_path_factory.mktemp("one_model"), CELLS)


@pytest.fixture(scope="session")
def two_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `cells`, and the run of two models that was trained on them."""
    place = tmp_path_factory.mktemp("two_models")
    finished_run(
        place,
        {"lymphocyte": 24, "monocyte": 24},
        data={**EXPERIMENT["data"], "path": place / "cells"},
        models={"one": {"use": "tiny_net"}, "two": {"use": "tiny_net", "params": {"filters": 6}}},
        training={"epochs": 1, "batch_size": 8},
        card={"users": "Whoever tries *this*.", "site": "/a/laboratory"},
    )
    return place
