"""`--plugin FILE`, for every command that looks up names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cellclf.cli.added_options import Command, with_options

__all__ = ["may_load_plugin_files", "may_name_plugin_files"]

PluginOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py",
        help="A plugin that is one file and not installed; may be given again.",
    ),
]


def may_load_plugin_files(command: Command) -> Command:
    """Give a command the option `--plugin`; a file that does not work ends it."""

    def load(path: Path) -> None:
        from cellclf.registry import load_plugin_file

        load_plugin_file(path)

    return _with_option(command, load)


def may_name_plugin_files(command: Command) -> Command:
    """Give a command the option `--plugin`; it says itself which file does not work, and why."""

    def name(path: Path) -> None:
        from cellclf.registry import name_plugin_file

        name_plugin_file(path)

    return _with_option(command, name)


def _with_option(command: Command, use: Callable[[Path], object]) -> Command:
    def use_all(*, plugin: list[Path] | None) -> None:
        for path in plugin or ():
            use(path)

    return with_options(command, use_all, {"plugin": (PluginOption, None)})
