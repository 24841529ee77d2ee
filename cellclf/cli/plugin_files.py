"""`--plugin FILE`, for every command that looks up names."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["may_load_plugin_files", "may_name_plugin_files"]

PluginOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        metavar="FILE.py",
        help="A plugin that is one file and not installed; may be given again.",
    ),
]

Command = Callable[..., None]


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
    @wraps(command)
    def with_files(*, plugin: list[Path] | None, **arguments: Any) -> None:
        for path in plugin or ():
            use(path)
        command(**arguments)

    known = inspect.signature(command, eval_str=True)
    option = inspect.Parameter(
        "plugin", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=PluginOption
    )
    parameters = [*known.parameters.values(), option]
    with_files.__signature__ = known.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_files.__annotations__ = {one.name: one.annotation for one in parameters}
    return with_files
