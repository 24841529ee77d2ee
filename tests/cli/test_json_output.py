from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import cellclf
from cellclf.cli.output import print_json
from cellclf.files import finite, write_json
from cellclf.inference.totals import Counts, Totals
from cellclf.pipeline.finished import FinishedRun
from tests.cli.command_tree import commands
from tests.conftest import Command
from tests.images import write_folder
from tests.judging.test_compare import made_run

PLAIN = ("init", "plugins new", "plugins show")
"""Commands whose work is a file, or whose text is for people alone."""


def test_every_command_that_reports_has_json() -> None:
    without = [
        name
        for name, command in commands()
        if not any("--json" in option.opts for option in command.params)
    ]
    assert sorted(without) == sorted(PLAIN)


def test_json_is_ascii_and_what_is_no_number_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"größe": [1.5, math.nan], "low": -math.inf})
    text = capsys.readouterr().out
    assert text.isascii()
    assert json.loads(text) == {"größe": [1.5, None], "low": None}


@pytest.mark.parametrize(
    "arguments",
    [
        ("plugins", "list"),
        ("plugins", "doctor"),
        ("plugins", "check", "rotation"),
        ("doctor", "--no-devices"),
        ("cache", "list"),
        ("cache", "prune", "--older-than", "1000"),
        ("audit", "--data", "cells", "--page", "page.html"),
        ("compare", "first", "--resamples", "100"),
    ],
    ids=" ".join,
)
def test_standard_output_holds_json_alone(
    cellclf_command: Command, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    write_folder(tmp_path / "cells", {"lymphocyte": 8, "monocyte": 8})
    if "first" in arguments:
        made_run(tmp_path / "first", seed=0)
    assert json.loads(cellclf_command(*arguments, "--json").stdout) is not None


def test_a_file_that_is_written_beside_json_is_named_on_standard_error(
    cellclf_command: Command, tmp_path: Path
) -> None:
    write_folder(tmp_path / "cells", {"lymphocyte": 8, "monocyte": 8})
    done = cellclf_command("audit", "--data", "cells", "--page", "page.html", "--json", "-q")
    assert isinstance(json.loads(done.stdout), list)
    assert done.stderr == "Written: page.html\n"


def plain(content: Any) -> Any:
    return json.loads(json.dumps(content))


def test_a_finished_run_is_told_with_its_figures_and_its_record(tmp_path: Path) -> None:
    run = FinishedRun(made_run(tmp_path / "first", seed=0))
    figures = {
        "reason": "It is more accurate.",
        "comparison": [{"model": "small", "accuracy": 1.0}],
    }
    write_json(tmp_path / "first" / "metrics.json", {**run.metrics, **figures})
    found = plain(run.as_json())
    assert found["best"] == "small"
    assert found["passed"] is True
    assert {"model", "accuracy"} <= found["comparison"][0].keys()
    assert found["record"]["status"] == "complete"


def test_what_is_told_of_a_comparison_is_json_as_it_is(tmp_path: Path) -> None:
    found = cellclf.compare([made_run(tmp_path / "first", seed=0)], resamples=100)
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    rows = found.models[0].table.to_dict("records")
    assert told["models"][0]["differences"] == plain(finite(rows))


def test_predictions_are_told_with_counts_and_files() -> None:
    counts = Counts(predicted={"round": 3, "long": 1}, review=2, unreadable=1)
    found = plain(Totals(counts=counts, files=(Path("new.csv"),)).as_json())
    assert found["images"] == 4
    assert found["predicted"] == {"round": 3, "long": 1}
    assert (found["review"], found["unreadable"], found["files"]) == (2, 1, ["new.csv"])


@pytest.mark.slow
def test_run_and_predict_tell_a_program_what_came_of_them(
    cellclf_process: Command, tmp_path: Path
) -> None:
    write_folder(tmp_path / "cells", {"lymphocyte": 12, "monocyte": 12})
    flags = ("--model", "custom_cnn", "--epochs", "1", "--image-size", "32", "--out", "first")
    done = cellclf_process("run", "--data", "cells", *flags, "--json", "--quiet")
    assert json.loads(done.stdout)["best"] == "custom_cnn"
    assert [line for line in done.stderr.splitlines() if not line.startswith("Warning: ")] == []
    done = cellclf_process("predict", "first", "cells", "--out", "new.csv", "--json", "--quiet")
    found = json.loads(done.stdout)
    assert found["images"] == 24
    assert found["files"][0] == "new.csv"
