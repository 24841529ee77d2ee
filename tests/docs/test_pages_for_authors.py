"""The pages for authors of plugins: followed in an environment of their own, and complete."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from dataclasses import fields
from pathlib import Path

import pytest

from cellclf.registry import HOOKS
from cellclf.specs import Spec
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


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_page_with_every_field_of_its_spec(hook: str) -> None:
    kind = HOOKS[hook]
    page = (ROOT / f"docs/how-to/plugins/{kind.kind}.md").read_text(encoding="utf-8")
    tables = "".join(line for line in page.splitlines() if line.startswith("| `"))
    own = {field.name for field in fields(kind)} - {field.name for field in fields(Spec)}
    assert f"`{hook}`" in page
    assert f"def {hook}():" in page
    assert [name for name in sorted(own) if f"`{name}`" not in tables] == []


def test_the_fields_of_every_spec_are_on_the_page_of_all() -> None:
    page = (ROOT / "docs/how-to/write-a-plugin.md").read_text(encoding="utf-8")
    assert [field.name for field in fields(Spec) if f"| `{field.name}` |" not in page] == []
    assert [hook for hook in HOOKS if f"| `{hook}` |" not in page] == []
