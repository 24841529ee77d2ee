from __future__ import annotations

from pathlib import Path

import pytest

from cellclf.cli.progress import warnings_alone
from tests.conftest import Command
from tests.images import write_folder


@pytest.fixture(autouse=True)
def _cells(tmp_path: Path) -> None:
    write_folder(tmp_path / "cells", {"lymphocyte": 8, "monocyte": 8})


@pytest.mark.parametrize(
    "arguments",
    [("-q", "audit", "--data", "cells"), ("audit", "--data", "cells", "--quiet")],
    ids=" ".join,
)
def test_a_quiet_command_gives_its_result_and_nothing_else(
    cellclf_command: Command, arguments: tuple[str, ...]
) -> None:
    done = cellclf_command(*arguments)
    assert done.stdout.startswith("cells: 16 images")
    assert done.stderr == ""


def test_the_next_command_is_not_quiet(cellclf_command: Command) -> None:
    cellclf_command("-q", "audit", "--data", "cells")
    assert cellclf_command("audit", "--data", "cells").stderr != ""


def test_without_data_a_quiet_command_does_not_say_what_it_looks_at(
    cellclf_command: Command,
) -> None:
    assert cellclf_command("audit", "-q", "--set", "data.params.images_per_class=5").stderr == ""


@pytest.mark.parametrize(
    "arguments", [("-v", "audit", "--data", "no"), ("audit", "--data", "no", "-v")], ids=" ".join
)
def test_a_verbose_command_shows_where_an_error_arose(
    cellclf_command: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    done = cellclf_command(*arguments, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: the data must be")
    assert "Traceback" not in cellclf_command("audit", "--data", "no", check=False).stderr


def test_warnings_are_said_however_quiet_a_command_is(capsys: pytest.CaptureFixture[str]) -> None:
    progress = warnings_alone()
    progress.say("reading")
    progress.warn("one is missing")
    with progress.task("training", 2) as task:
        task.advance()
    assert capsys.readouterr().err == "Warning: one is missing\n"
