"""The plugin that the tutorial makes, as it is at the tutorial's end.

    python -m tests.examples.tutorial_plugin

writes it anew to `examples/new_task_plugin`, where readers find it whole.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from typer.testing import CliRunner

from cellclf.cli.main import app
from tests.docs.snippets import ROOT, snippets

__all__ = ["EXAMPLE", "TUTORIAL", "files_of", "follow"]

TUTORIAL = ROOT / "docs" / "tutorials" / "new-abnormality.md"
EXAMPLE = ROOT / "examples" / "new_task_plugin"

NOT_SHOWN = (".github", ".gitignore", "README.md")
"""What a package of its own needs; the example has a README of its own."""

MADE = ("__pycache__", "build", "dist", ".pytest_cache", ".ruff_cache", ".mypy_cache")
"""What working with a package leaves in it."""

YEAR = re.compile(r"(?<=Copyright \(c\) )\d{4}")


def follow(place: Path) -> Path:
    """Begin the plugin as the tutorial says, write the files that it shows, return the folder."""
    begun = snippets(TUTORIAL, "sh")[0].commands[0]
    folder = place / "cellclf-leukaemia-blasts"
    done = CliRunner().invoke(app, [*shlex.split(begun)[1:], "--out", str(folder)])
    assert done.exit_code == 0, done.output
    for block in snippets(TUTORIAL, "python"):
        if block.file_name:
            (place / block.file_name).write_text(block.file_text, encoding="utf-8")
    return folder


def files_of(folder: Path) -> dict[str, str]:
    """Every file that the example shows, by its place, and its text without the year."""
    return {place: YEAR.sub("YEAR", path.read_text("utf-8")) for place, path in _files(folder)}


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and parts[0] not in NOT_SHOWN and not set(parts) & set(MADE):
            yield "/".join(parts), path


def main() -> None:
    """Write the example anew; what is its own stays."""
    with TemporaryDirectory() as place:
        made = follow(Path(place))
        for _, path in list(_files(EXAMPLE)):
            path.unlink()
        for where, path in _files(made):
            (EXAMPLE / where).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, EXAMPLE / where)


if __name__ == "__main__":
    main()
