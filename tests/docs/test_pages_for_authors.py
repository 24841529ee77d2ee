"""The pages for authors of plugins are followed in an environment that plugins can go into."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.docs.snippets import ROOT

PIP = ("--pip-option=--no-deps", "--pip-option=--no-build-isolation", "--pip-option=--quiet")
"""Everything that a plugin needs is there, and no test needs a network."""

SECONDS = 1200


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own that sees this repository, and what its own one has."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, symlinks=sys.platform != "win32")
    at = {"base": str(place), "platbase": str(place)}
    above = sysconfig.get_path("purelib")
    seen = [str(ROOT), *map(str, sorted(ROOT.glob("plugins/*/src")))]
    link = Path(sysconfig.get_path("purelib", vars=at)) / "above.pth"
    lines = [*seen, f"import site; site.addsitedir({above!r})"]
    link.write_text("\n".join(lines), encoding="utf-8")
    return Path(sysconfig.get_path("scripts", vars=at)) / Path(sys.executable).name


# The pages of the other kinds are followed by .ci/wheels, where nothing but wheels is installed.
@pytest.mark.slow
@pytest.mark.parametrize("page", ["metric", "new-abnormality"])
def test_a_page_for_authors_can_be_followed_to_its_end(page: str, python: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / ".ci/new_plugins"), str(python), "--page", page, *PIP],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "$ mypy" in done.stdout
