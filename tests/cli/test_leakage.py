"""A leak that was allowed, as a user sees it on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.images import write_divided

pytestmark = pytest.mark.slow

RUN = (
    *("run", "--data", "cells", "--model", "custom_cnn", "--epochs", "1", "--image-size", "32"),
    *("--group-pattern", r"(?P<patient>p\d+)_"),
    *("--set", "models.custom_cnn.params.width=8"),
)


def test_a_leak_that_was_allowed_is_said_by_run_and_by_predict(
    cellclf_process: Command, tmp_path: Path
) -> None:
    write_divided(tmp_path / "cells")
    done = cellclf_process(*RUN, "--allow-leakage", "--out", "leaky")
    assert "Warning: the given split leaks, which was allowed: patient 'p1'" in done.stderr
    assert "Leaky: " in done.stdout
    assert json.loads((tmp_path / "leaky" / "record.json").read_text())["leaky"] is True
    said = cellclf_process("predict", "leaky", "cells")
    assert "Leaky: " in said.stdout
    assert "Trained on: " in said.stdout
    assert "LeakageWarning" not in said.stderr


def test_a_division_anew_is_not_marked(cellclf_process: Command, tmp_path: Path) -> None:
    write_divided(tmp_path / "cells")
    shares = [f"data.split.{name}" for name in ("calibration=0", "test=0.25")]
    settings = [word for share in shares for word in ("--set", share)]
    done = cellclf_process(*RUN, "--resplit", *settings, "--out", "anew")
    assert "eaky" not in done.stdout
    assert json.loads((tmp_path / "anew" / "record.json").read_text())["leaky"] is False
