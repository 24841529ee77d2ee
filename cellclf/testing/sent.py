"""Parameters on their way to another process, as what JSON holds."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from cellclf.specs import Params

__all__ = ["received", "sent"]


def sent(params: Params) -> list[Any]:
    """Return where the class of some parameters is, its name, and the values."""
    kind = type(params)
    return [kind.__module__, kind.__name__, params.model_dump(mode="json")]


def received(message: list[Any]) -> Params:
    """Return the parameters again that were sent.

    Example:
        >>> from cellclf import NoParams
        >>> received(sent(NoParams())) == NoParams()
        True
    """
    module, name, values = message
    made: Params = getattr(import_module(module), name).model_validate(values)
    return made
