"""Checks of what every spec promises, whatever it describes."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import ValidationError

from cellclf.examining import CORE
from cellclf.registry import SESSION, installed
from cellclf.specs import resolve
from cellclf.testing.check import InapplicableError
from cellclf.testing.processes import HEAVY, fresh
from cellclf.testing.require import first_few, require
from cellclf.testing.trial import Trial

__all__ = [
    "listing_imports_nothing_heavy",
    "parameters_are_described",
    "parameters_are_importable",
    "parameters_fit",
    "references_resolve",
    "summary_is_one_line",
    "unknown_parameters_are_refused",
]

LISTED = f"""
import json, sys
from cellclf.registry import installed
installed()
print(json.dumps(sorted(set({HEAVY!r}) & set(sys.modules))))
"""


def summary_is_one_line(trial: Trial) -> None:
    """There is a summary, and a table of plugins has room for it."""
    summary = trial.spec.summary
    require(
        bool(summary.strip()) and summary == summary.strip() and len(summary.splitlines()) == 1,
        f"`summary` of {trial.subject} must be one line, without blanks around it. "
        f"Received: {summary!r}",
    )


def references_resolve(trial: Trial) -> None:
    """Every reference leads to a function."""
    for field in trial.spec.references:
        reference = getattr(trial.spec, field)
        if reference is not None:
            resolve(reference)


def parameters_fit(trial: Trial) -> None:
    """The parameters are what the spec says they are."""
    require(
        isinstance(trial.params, trial.spec.params),
        f"the parameters of {trial.subject} must be a {trial.spec.params.__name__}. "
        f"Received: {type(trial.params).__name__}",
    )


def parameters_are_described(trial: Trial) -> None:
    """Whoever reads `cellclf plugins show` learns what a parameter is, and what it does."""
    fields = trial.spec.params.model_fields
    silent = [name for name, field in fields.items() if not (field.description or "").strip()]
    require(
        not silent,
        f"every parameter of {trial.subject} must say what it does: "
        f"`pydantic.Field(description=...)`. Received: none for {first_few(silent)}",
    )
    untyped = [name for name, field in fields.items() if field.annotation in (Any, object, None)]
    require(
        not untyped,
        f"every parameter of {trial.subject} must have a type. Received: any value for "
        f"{first_few(untyped)}",
    )


def unknown_parameters_are_refused(trial: Trial) -> None:
    """A misspelt parameter is a mistake that is said, not a default that is used."""
    try:
        trial.spec.params.model_validate({"no_such_parameter_": 0})
    except ValidationError as error:
        refused = any(problem["type"] == "extra_forbidden" for problem in error.errors())
    else:
        refused = False
    require(
        refused,
        f"the params of {trial.subject} must refuse unknown names: subclass cellclf.Params",
    )


def parameters_are_importable(trial: Trial) -> None:
    """Worker processes, and whoever loads a bundle, import the class by its name."""
    kind = trial.spec.params
    require(
        kind.__qualname__ == kind.__name__,
        f"the params of {trial.subject} must be a class of a module, so that they can be imported. "
        f"Received: {kind.__qualname__}",
    )


def listing_imports_nothing_heavy(trial: Trial) -> None:
    """A fresh interpreter imports the plugin alone and asks its hooks."""
    offering = [plugin for plugin in installed().plugins if trial.spec in plugin.specs]
    packaged = [plugin for plugin in offering if plugin.distribution != SESSION]
    if not packaged:
        raise InapplicableError(
            f"no installed plugin offers {trial.subject}: pip install the package first"
        )
    for plugin in packaged:
        # The core's own plugin is there whatever is asked for.
        found = _imported("" if plugin.distribution == CORE else plugin.name)
        require(
            not found,
            f"plugin {plugin.name!r} of {plugin.distribution} must not import "
            f"{', '.join(HEAVY)} when it is listed. Received: {', '.join(found)}",
        )


@cache
def _imported(plugin: str) -> tuple[str, ...]:
    return tuple(fresh(LISTED, environment={"CELLCLF_LOAD_PLUGINS": plugin}))
