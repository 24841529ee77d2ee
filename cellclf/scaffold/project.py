"""A plugin's package, written from templates, all of it or nothing."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path, PurePosixPath

from jinja2 import Environment, PackageLoader, StrictUndefined

from cellclf import __version__
from cellclf.errors import PluginError, RunError, hint
from cellclf.registry import installed
from cellclf.scaffold.kinds import KINDS, Kind
from cellclf.scaffold.naming import Names

__all__ = ["LICENCES", "Project", "new_plugin"]

LICENCES = ("Apache-2.0", "MIT")

EVERY = "every"
"""The folder of templates that all kinds have in common."""

MODULE = "MODULE"
"""What stands for the module's name in the path of a template."""

SUFFIX = ".jinja"

LONGEST = 70
"""Characters of a description: one line of code, and of a list of packages, has room for it."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A plugin's package before it is written.

    Attributes:
        kind: What it offers.
        names: What it is called.
        author: Whose it is; may be empty.
        licence: One of `LICENCES`.
        description: One line.
    """

    kind: Kind
    names: Names
    author: str = ""
    licence: str = LICENCES[0]
    description: str = ""

    def __post_init__(self) -> None:
        if self.licence not in LICENCES:
            raise PluginError(
                f"the licence must be {' or '.join(LICENCES)}: any other text can take its place "
                f"later. Received: {self.licence!r}.{hint(self.licence, LICENCES)}"
            )
        for what, text in (("author", self.author), ("description", self.description)):
            if len(text) > LONGEST or not text.isprintable():
                raise PluginError(
                    f"the {what} must be one line of {LONGEST} characters at most. "
                    f"Received: {len(text)} characters, {text!r}"
                )

    def texts(self, folder: str) -> Iterator[tuple[PurePosixPath, str]]:
        """Yield every file as its path in the project and its text.

        Args:
            folder: What the project's folder is called where commands are shown.
        """
        given = {
            "accepted": _accepted(__version__),
            "author": self.author,
            "commands": self.kind.commands(self.names, folder),
            "description": self.description or self.kind.does,
            "holder": self.author or f"The authors of {self.names.distribution}",
            "kind": self.kind,
            "licence": self.licence,
            "name": self.names.name,
            "distribution": self.names.distribution,
            "module": self.names.module,
            "year": datetime.now(UTC).year,
        }
        for template in _templates(self.kind):
            place = (
                template.partition("/")[2].removesuffix(SUFFIX).replace(MODULE, self.names.module)
            )
            yield PurePosixPath(place), _environment().get_template(template).render(given)


def new_plugin(
    name: str,
    kind: str,
    *,
    out: Path | None = None,
    author: str = "",
    licence: str = LICENCES[0],
    description: str = "",
) -> Path:
    """Write the package of a new plugin: one that works, and passes its tests.

    Args:
        name: What an experiment will call what it offers, such as `sickle_cells`.
        kind: `dataset`, `model`, `augmentation`, `metric`, `engine` or `callback`.
        out: The folder to make; `cellclf-NAME` where left out.
        author: Whose it is.
        licence: `Apache-2.0` or `MIT`.
        description: What it offers, in a line.

    Returns:
        The folder.

    Raises:
        PluginError: The name is none or is taken, or something else is not as it must be.
        RunError: The folder is there, or cannot be written.
    """
    if kind not in KINDS:
        raise PluginError(
            f"the kind must be one of {', '.join(KINDS)}. Received: {kind!r}.{hint(kind, KINDS)}"
        )
    names = Names(name=name)
    names.require_free(KINDS[kind].spec, installed())
    project = Project(
        kind=KINDS[kind], names=names, author=author, licence=licence, description=description
    )
    folder = Path(names.distribution) if out is None else out
    if folder.is_symlink() or folder.exists():
        raise RunError(f"{folder} must not be there yet. Choose another folder, or move it away")
    _write(project, folder)
    return folder


def _write(project: Project, folder: Path) -> None:
    """Write beside the place, and rename: a killed process leaves no half of a plugin there."""
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.partial")
    try:
        for place, text in project.texts(folder.name):
            path = partial / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        partial.rename(folder)
    except OSError as error:
        raise RunError(
            f"{folder} cannot be written: {error.strerror or error}. Choose another place"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _templates(kind: Kind) -> list[str]:
    """The templates of a kind, by their path below the folder of templates."""
    return [
        name
        for name in _environment().list_templates()
        if name.partition("/")[0] in (EVERY, kind.name) and name.endswith(SUFFIX)
    ]


@cache
def _environment() -> Environment:
    made = Environment(  # noqa: S701  what is written is no HTML
        loader=PackageLoader("cellclf.scaffold"),
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(as_python=_as_python, as_toml=_as_toml)
    return made


def _accepted(version: str) -> str:
    """Return the versions that keep what this one promises.

    Example:
        >>> _accepted("0.1.2")
        '>=0.1,<0.2'
    """
    major, minor, *_ = version.split(".")
    return f">={major}.{minor},<{major}.{int(minor) + 1}"


def _as_toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _as_python(text: str) -> str:
    """Write a text as a literal, with the quotation marks that a formatter would choose.

    Example:
        >>> print(_as_python("cells"), _as_python('"red" cells'))
        "cells" '"red" cells'
    """
    mark = "'" if text.count('"') > text.count("'") else '"'
    escaped = text.replace("\\", "\\\\").replace(mark, f"\\{mark}")
    return f"{mark}{escaped}{mark}"
