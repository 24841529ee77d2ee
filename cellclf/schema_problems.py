"""What pydantic finds wrong in settings, in words for those who wrote them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from cellclf.errors import Problem, did_you_mean

__all__ = ["schema_problems"]

PLAINLY = {
    "model_type": "must be a table of settings",
    "dict_type": "must be a table",
    "tuple_type": 'must be a list, such as ["one", "two"]',
}
"""What is expected, where pydantic says it in the words of Python."""


def schema_problems(
    error: ValidationError, *, root: type[BaseModel], within: str = ""
) -> list[Problem]:
    """Say what pydantic found wrong in the words of `Problem`.

    Args:
        error: What pydantic raised.
        root: The type that was validated: `Experiment`, or a plugin's parameters.
        within: Dotted address of what was validated; empty for a whole experiment.
    """
    return [_problem(detail, root, within) for detail in error.errors(include_url=False)]


def _problem(detail: Mapping[str, Any], root: type[BaseModel], within: str) -> Problem:
    steps = [str(step) for step in detail["loc"] if step != "[key]"]
    place = ".".join([within, *steps] if within else steps) or "the experiment"
    received = None if isinstance(detail["input"], Mapping) else _short(detail["input"])
    nearest = None
    if detail["type"] == "extra_forbidden":
        expected = "no such setting"
        nearest = _meant(root, steps)
    elif detail["type"] == "missing":
        expected, received = "must be given", None
    elif "[key]" in detail["loc"]:
        expected = "must be named with lower-case letters, digits and underscores, a letter first"
    else:
        message = str(detail["msg"]).removeprefix("Value error, ")
        expected = PLAINLY.get(detail["type"], message.replace("Input should be", "must be"))
        if detail["type"] == "literal_error" and isinstance(detail["input"], str):
            nearest = did_you_mean(detail["input"], re.findall(r"'([^']+)'", expected))
    return Problem(place=place, expected=expected, received=received, nearest=nearest)


def _meant(root: type[BaseModel], steps: list[str]) -> str | None:
    """The setting that an unknown one was probably meant to be: near by, below, or elsewhere."""
    wrong, beside = steps[-1], _settings_beside(root, steps[:-1])
    if near := did_you_mean(wrong, beside):
        return near
    if "params" in beside and len(steps) > 1:
        return f"params.{wrong}"
    elsewhere = [
        f"{section}.{wrong}" for section in beside if wrong in _settings_beside(root, [section])
    ]
    return elsewhere[0] if elsewhere else None


def _settings_beside(root: type[BaseModel], steps: list[str]) -> list[str]:
    """Names of the settings that exist at the address `steps` below `root`."""
    here: Any = root
    for step in steps:
        if isinstance(here, type) and issubclass(here, BaseModel):
            here = here.model_fields[step].annotation
        else:
            here = get_args(here)[-1]
    if isinstance(here, type) and issubclass(here, BaseModel):
        return list(here.model_fields)
    return []


def _short(value: Any, longest: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= longest else f"{text[:longest]}..."
