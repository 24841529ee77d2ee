"""Finished runs of a tiny network on made cells, and a place to make others in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import cellclf
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.run import run
from cellclf.registry import installed
from tests.images import write_folder
from tests.tiny import TINY

__all__ = [
    "CELLS",
    "EXPERIMENT",
    "cells_at_hand",
    "finished_run",
    "one_model",
    "tiny_net",
    "tiny_net_installed",
    "two_models",
]

CELLS = {"lymphocyte": 14, "monocyte": 14, "neutrophil": 24}
"""How many images of each class."""

EXPERIMENT: dict[str, Any] = {
    "data": {"dataset": "image_folder", "path": "cells", "image_size": 16},
    "models": ["tiny_net"],
    "training": {"epochs": 3, "batch_size": 8},
}


@contextmanager
def tiny_net_installed() -> Iterator[None]:
    """Let the tiny network be on offer for a while, and nothing that was registered before."""
    installed.cache_clear()
    cellclf.register(TINY)
    try:
        yield
    finally:
        installed.cache_clear()


def finished_run(place: Path, cells: Mapping[str, int], **sections: Any) -> FinishedRun:
    """Write `cells` into a folder, and the run that was trained on them beside them, as `run`.

    Args:
        place: The folder.
        cells: How many images of each class.
        sections: Sections of the experiment, each in the place of that of `EXPERIMENT`.
    """
    write_folder(place / "cells", cells)
    with tiny_net_installed(), pytest.MonkeyPatch.context() as changed:
        changed.chdir(place)
        return run({**EXPERIMENT, **sections}, out=place / "run")


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
