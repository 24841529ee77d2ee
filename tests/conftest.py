"""What many tests need: the command line as a user runs it, and a cache of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from cellclf.cli.main import main
from cellclf.network.backend import QUIET
from cellclf.plugin_files import FILES
from cellclf.registry import installed
from tests import tiny_run
from tests.plugin_site import Site

# A busy machine is no reason to fail.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

tiny_net = tiny_run.tiny_net

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("CELLCLF_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        yield


@pytest.fixture
def cellclf_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `cellclf` in this process, in an empty folder: a process of its own imports for seconds.

    What is no mistake of a user leaves the command as the exception that it is.
    """

    def command(
        *arguments: str | Path, check: bool = True, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        words = ["cellclf", *map(str, arguments)]
        capsys.readouterr()
        with pytest.MonkeyPatch.context() as changed, pytest.raises(SystemExit) as ended:
            changed.chdir(tmp_path)
            changed.setattr(sys, "argv", words)
            changed.setenv(FILES, os.environ.get(FILES, ""))
            for name, value in (env or {}).items():
                changed.setenv(name, value)
            main()
        if "--plugin" in words:  # what it loaded is not for the next test
            installed.cache_clear()
        done = subprocess.CompletedProcess(words, int(ended.value.code or 0), *capsys.readouterr())
        assert not check or done.returncode == 0, done.stderr
        return done

    return command


@pytest.fixture
def cellclf_process(tmp_path: Path) -> Command:
    """Run `cellclf` in a process of its own, in an empty folder, as a user does."""

    def command(
        *arguments: str | Path, check: bool = True, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        # Preparing a backend in this process set it: a command would take it for the user's wish.
        user = {name: value for name, value in os.environ.items() if name not in QUIET}
        done = subprocess.run(
            [sys.executable, "-m", "cellclf", *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={**user, **(env or {})},
            timeout=280,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    return command


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty place for plugins that only this test sees."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(FILES, "")
    installed.cache_clear()
    before = set(sys.modules)
    yield Site(tmp_path)
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    installed.cache_clear()
