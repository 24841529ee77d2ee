from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command
from tests.docs.snippets import ROOT
from tests.images import write_folder

SMALL = ("--epochs", "1", "--image-size", "32")


@pytest.mark.slow
def test_the_experiment_for_a_folder_of_ones_own_runs_as_its_first_lines_say(
    cellclf_process: Command, tmp_path: Path
) -> None:
    write_folder(tmp_path / "cells", {"monocyte": 20, "neutrophil": 20})
    own = ROOT / "examples" / "own_folder.toml"
    cellclf_process("run", own, "--data", "cells", *SMALL, "--out", "run")
    assert set(metrics_of(tmp_path / "run")["models"]) == {"custom_cnn"}
    assert (tmp_path / "run" / "report.html").is_file()


@pytest.mark.slow
def test_the_quickstart_runs(cellclf_process: Command, tmp_path: Path) -> None:
    quickstart = ROOT / "examples" / "quickstart.toml"
    cellclf_process("run", quickstart, *SMALL)
    assert metrics_of(tmp_path / "runs" / "quickstart")["best"] == "custom_cnn"


def metrics_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return found
