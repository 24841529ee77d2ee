"""Variables of the environment that change which plugins are found, or what they compute with."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from importlib.util import find_spec

from cellclf.doctor.finding import Finding, command, setting, without
from cellclf.errors import hint
from cellclf.network.backend import BACKENDS
from cellclf.plugin_files import FILES
from cellclf.registry import DISABLE, LOAD, PLUGIN_ERRORS, listed

__all__ = ["BACKEND", "environment", "unfit"]

BACKEND = "KERAS_BACKEND"
SWITCHES = (DISABLE, LOAD, FILES, PLUGIN_ERRORS, BACKEND, "KERAS_HOME", "CELLCLF_CACHE")


def environment() -> Mapping[str, str]:
    """Return those that are set."""
    return {name: os.environ[name] for name in SWITCHES if name in os.environ}


def unfit(plugins: Collection[str]) -> Iterator[Finding]:
    """Say which of them name what is not there.

    Args:
        plugins: Names of the plugins that were found.
    """
    for variable in (DISABLE, LOAD):
        names = listed(variable) or ()
        for name in names:
            if name not in plugins:
                rest = ",".join(other for other in names if other != name)
                yield Finding(
                    kind="environment",
                    severity="warning",
                    subject=variable,
                    message=f"no plugin is called {name!r}.{hint(name, plugins)}",
                    remedies=(setting(variable, rest) if rest else without(variable),),
                )
    backend = os.environ.get(BACKEND)
    if backend and backend not in BACKENDS:
        yield _backend(backend, f"must be one of {', '.join(BACKENDS)}.{hint(backend, BACKENDS)}")
    elif backend and find_spec(backend) is None:
        install = command("pip", "install", backend)
        yield _backend(backend, "is not installed", install)


def _backend(name: str, problem: str, *remedies: str) -> Finding:
    return Finding(
        kind="environment",
        severity="error",
        subject=BACKEND,
        message=f"{name!r} {problem}",
        remedies=(*remedies, without(BACKEND)),
    )
