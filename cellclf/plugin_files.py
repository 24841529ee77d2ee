"""Plugins that are one file of Python and no package.

A file is imported as a module of its own name, so that its specs can say `"my_file:build"`; what it
offers is that of a distribution called `my_file.py`, whose version is the hash of the file.
"""

from __future__ import annotations

import hashlib
import importlib.util
import keyword
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.abc import SourceLoader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from cellclf.errors import PluginError
from cellclf.examining import Plugin, examine

__all__ = [
    "FILES",
    "HASHED",
    "as_plugin",
    "examine_file",
    "how_to_load",
    "import_file",
    "named_files",
    "remember",
]

FILES = "CELLCLF_PLUGIN_FILES"
"""Names the files, separated as the entries of PATH are; child processes read it too."""

HASHED = "sha256:"
"""How the version of a file begins; no version of a package does."""

DIGITS_SHOWN = 12


def named_files() -> tuple[Path, ...]:
    """Return the files that the environment names."""
    return tuple(_absolute(text) for text in os.environ.get(FILES, "").split(os.pathsep) if text)


def remember(path: Path | str) -> Path:
    """Name a file in the environment, for child processes too, and return where it is.

    Raises:
        PluginError: There is no such file.
    """
    file = _absolute(path)
    if not file.is_file():
        raise PluginError(f"there is no plugin file {file}")
    if file not in named_files():
        os.environ[FILES] = os.pathsep.join(map(str, (*named_files(), file)))
    return file


def examine_file(path: Path) -> Plugin:
    """Import a file and ask it what it offers, as is done with any plugin."""
    plugin = as_plugin(path)
    return plugin if plugin.status == "failed" else examine(plugin, import_file(path))


def as_plugin(path: Path) -> Plugin:
    """Return what can be said of a file without running it."""
    plugin = Plugin(
        name=path.stem, distribution=path.name, version="?", module=path.stem, file=path
    )
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return replace(plugin, status="failed", reason=f"it cannot be read: {error.strerror}")
    return replace(plugin, version=f"{HASHED}{digest[:DIGITS_SHOWN]}", sha256=digest)


def import_file(path: Path) -> Callable[[], ModuleType]:
    """Return what imports a file under its own name, anew where it was imported before."""

    def load() -> ModuleType:
        name = _module_name(path)
        spec = ModuleSpec(name, _Source(path), origin=str(path))
        spec.has_location = True
        module = importlib.util.module_from_spec(spec)
        before = sys.modules.get(name)
        sys.modules[name] = module
        try:
            _Source(path).exec_module(module)
        except BaseException:
            del sys.modules[name]
            if before is not None:
                sys.modules[name] = before
            raise
        return module

    return load


def how_to_load(file: Path | str) -> str:
    """Say how a file is passed to cellclf."""
    return f"pass --plugin {file} (in Python: `cellclf.load_plugin_file({str(file)!r})`)"


class _Source(SourceLoader):
    """Reads the file as it is now, and keeps no compiled copy beside a person's own files."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get_filename(self, fullname: str) -> str:
        del fullname
        return str(self._path)

    def get_data(self, path: str) -> bytes:
        return Path(path).read_bytes()


def _module_name(path: Path) -> str:
    name = path.stem
    if path.suffix != ".py" or not name.isidentifier() or keyword.iskeyword(name):
        raise PluginError(
            "a plugin file must be called as a module of Python, such as my_cells.py: its specs "
            f"refer to it by that name. Received: {path.name}"
        )
    known = sys.modules.get(name)
    if known is not None:
        taken = getattr(known, "__file__", None) or "a part of Python"
    else:
        found = importlib.util.find_spec(name)
        taken = None if found is None else found.origin or "a folder"
    if taken is not None and Path(taken).resolve() != path.resolve():
        raise PluginError(
            f"{path.name} cannot be imported as {name!r}: that name is taken by {taken}. "
            "Rename the file"
        )
    return name


def _absolute(path: Path | str) -> Path:
    file = Path(path).expanduser()
    return file.parent.resolve() / file.name
