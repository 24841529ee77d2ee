from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.docs.snippets import ROOT
from tests.examples.installing import installed_at, run

PROJECT = ROOT / "examples" / "downstream_project"


def test_it_is_among_what_is_checked_for_types_strictly() -> None:
    checked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert checked["strict"]
    assert "examples/downstream_project/src" in checked["files"]


@pytest.mark.slow
def test_it_passes_its_own_tests(tmp_path: Path) -> None:
    env = installed_at(tmp_path / "site", PROJECT)
    judged = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--doctest-modules")
    run(*judged, PROJECT / "tests", tmp_path / "site" / "slide_summary", cwd=PROJECT, env=env)
