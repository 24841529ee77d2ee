"""Finished runs of a tiny network on made cells, for tests of what comes of a run."""

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

__all__ = ["CELLS", "EXPERIMENT", "finished_run", "tiny_net_installed"]

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
