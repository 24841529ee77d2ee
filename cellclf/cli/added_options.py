"""Options that more than one command has, and that are used before the command itself is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

__all__ = ["Command", "with_options"]

Command = Callable[..., None]


def with_options(
    command: Command, use: Callable[..., object], options: Mapping[str, tuple[Any, Any]]
) -> Command:
    """Give a command more options.

    Args:
        command: A function whose parameters Typer reads.
        use: Called first, with the values of the new options by name.
        options: Annotation and default of each new option, by name.
    """

    @wraps(command)
    def with_more(**arguments: Any) -> None:
        use(**{name: arguments.pop(name) for name in options})
        command(**arguments)

    known = inspect.signature(command, eval_str=True)
    added = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
        for name, (annotation, default) in options.items()
    ]
    parameters = [*known.parameters.values(), *added]
    with_more.__signature__ = known.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_more.__annotations__ = {one.name: one.annotation for one in parameters}
    return with_more
