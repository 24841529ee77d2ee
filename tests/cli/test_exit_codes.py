from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cellclf.cli.exit_codes import ExitCode
from tests.cli.command_tree import commands
from tests.conftest import Command
from tests.docs.snippets import ROOT
from tests.plugin_site import Site

COMMANDS = [name for name, _ in commands()]

LOADS_PLUGINS = (
    ("init", "cells"),
    ("run", "--data", "cells"),
    ("audit", "--data", "cells"),
    ("predict", "model", "cells"),
    ("export", "model", "--format", "onnx", "--out", "x"),
    ("evaluate", "--predictions", "a.csv"),
    ("fetch", "malaria", "--to", "x"),
    ("plugins", "list"),
    ("plugins", "show", "rotation"),
    ("plugins", "check", "rotation"),
)


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_that_there_is_not_is_wrong_usage(cellclf_command: Command, name: str) -> None:
    done = cellclf_command(*name.split(), "--no-such-option", check=False)
    assert done.returncode == ExitCode.USAGE
    assert "No such option" in done.stderr
    assert done.stdout == ""


def test_a_command_that_there_is_not_is_wrong_usage(cellclf_command: Command) -> None:
    done = cellclf_command("rnu", check=False)
    assert done.returncode == ExitCode.USAGE
    assert "'rnu'" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("plugins", "show", "no_such_name"),
        ("run", "no_such.toml"),
        ("run", "--data", "cells", "--set", "training.epochs=none"),
        ("audit", "--dataset", "no_such_set", "--data", "cells"),
        ("evaluate", "--predictions", "a.csv", "--gate", "accuracy"),
        ("evaluate", "--predictions", "a.csv", "--part", "tset"),
        ("evaluate", "--predictions", "a.csv", "--column", "label"),
        ("predict", "model", "cells", "--views", "all"),
        ("cache", "prune"),
        ("-q", "-v", "plugins", "list"),
        ("audit", "-q", "-v"),
    ],
    ids=" ".join,
)
def test_what_is_asked_for_wrongly_is_wrong_usage(
    cellclf_command: Command, arguments: tuple[str, ...]
) -> None:
    assert cellclf_command(*arguments, check=False).returncode == ExitCode.USAGE


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "nowhere"),
        ("audit", "--data", "nowhere"),
        ("predict", "nowhere.safetensors", "nowhere"),
        ("compare", "nowhere"),
        ("evaluate", "--predictions", "nowhere.csv"),
        ("differential", "nowhere.csv"),
        ("export", "nowhere.safetensors", "--format", "saved_model", "--out", "x"),
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_a_failure(
    cellclf_command: Command, arguments: tuple[str, ...]
) -> None:
    done = cellclf_command(*arguments, check=False)
    assert done.returncode == ExitCode.FAILED
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")


@pytest.mark.parametrize("arguments", LOADS_PLUGINS, ids=" ".join)
def test_a_person_who_stops_a_command_gets_the_status_of_that(
    site: Site, cellclf_command: Command, arguments: tuple[str, ...]
) -> None:
    file = site.folder / "stopping.py"
    file.write_text("raise KeyboardInterrupt", encoding="utf-8")
    done = cellclf_command(*arguments, "--plugin", str(file), check=False)
    assert done.returncode == ExitCode.INTERRUPTED == 130
    assert "Stopped." in done.stderr


def test_every_code_is_documented() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    assert [code for code in ExitCode if f"\n| {code} |" not in page] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
@pytest.mark.parametrize(("no_color", "is_red"), [("", True), ("1", False)])
def test_an_error_is_red_on_a_terminal_unless_no_colour_is_wanted(
    tmp_path: Path, no_color: str, is_red: bool
) -> None:
    import pty

    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "cellclf", "plugins", "show", "no_such_name"],
        stderr=theirs,
        env={**os.environ, "NO_COLOR": no_color},
        cwd=tmp_path,
    )
    os.close(theirs)
    shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert done.returncode == ExitCode.USAGE
    assert ("\x1b[" in shown) == is_red
