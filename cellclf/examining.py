"""Importing one plugin and asking it what it offers; whatever goes wrong becomes its status.

Every plugin gets a pluggy manager of its own: pluggy's collective call ends at the first exception,
and one that misspells a hook, raises, or does not import should cost only itself.
"""

from __future__ import annotations

import inspect
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pluggy

from cellclf import hookspecs
from cellclf.errors import PluginError, hint
from cellclf.specs import (
    AugmentationSpec,
    CallbackSpec,
    DatasetSpec,
    EngineSpec,
    MetricSpec,
    ModelSpec,
    PretrainedSpec,
    Spec,
)

__all__ = ["CORE", "HOOKS", "Plugin", "Status", "examine"]

CORE = "cellclf"

HOOKS: Mapping[str, type[Spec]] = {
    "cellclf_datasets": DatasetSpec,
    "cellclf_augmentations": AugmentationSpec,
    "cellclf_models": ModelSpec,
    "cellclf_metrics": MetricSpec,
    "cellclf_callbacks": CallbackSpec,
    "cellclf_engines": EngineSpec,
    "cellclf_pretrained": PretrainedSpec,
}

Status = Literal["ok", "conflict", "disabled", "incompatible", "failed"]


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """One plugin, working or not.

    Attributes:
        name: Name of its entry point, or of its file without the ending.
        distribution: What `pip` calls the package that brought it, or the name of its file.
        version: Version of that package; of a file, `sha256:` and the beginning of its hash.
        status: `ok`; `conflict` where another plugin offers one of its names; `disabled` by the
            user; `incompatible` with this version of cellclf; `failed` to import or to answer.
        reason: Why it is not `ok`; empty where it is.
        place: File and line of its own code where it failed; empty where it did not, or where none
            of its code had run.
        specs: What it offers.
        import_seconds: How long its import and its hooks took.
        module: The module with its hooks.
        file: The file that it is, where it is not packaged.
        sha256: Hash of that file, hexadecimal; else empty.
    """

    name: str
    distribution: str
    version: str
    status: Status = "ok"
    reason: str = ""
    place: str = ""
    specs: tuple[Spec, ...] = ()
    import_seconds: float = 0.0
    module: str = ""
    file: Path | None = None
    sha256: str = ""

    @property
    def reason_and_place(self) -> str:
        """Why it is not `ok`, and where that was in its own code, as far as is known."""
        return f"{self.reason} ({self.place})" if self.place else self.reason


class _HookError(PluginError):
    """What a hook gave, or is called, is wrong; nothing of the plugin is running any more."""

    def __init__(self, message: str, hook: str) -> None:
        super().__init__(message)
        self.hook = hook


def examine(plugin: Plugin, load: Callable[[], ModuleType]) -> Plugin:
    """Import one plugin and ask it what it offers.

    Args:
        plugin: What is known of it so far; `module` says whose code is its own.
        load: Imports the module with its hooks.

    Returns:
        The plugin with what it offers, or with why and where it failed.
    """
    began = time.perf_counter()
    module: ModuleType | None = None
    try:
        # What a plugin prints must not end up in the output of a command, JSON perhaps.
        with redirect_stdout(sys.stderr):
            module = load()
            specs = _ask(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit, or whatever else a module may raise
        detail = (
            str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
        )
        place = _place(error, plugin.module, module)
        plugin = replace(plugin, status="failed", reason=detail, place=place)
    else:
        plugin = replace(plugin, specs=specs)
    return replace(plugin, import_seconds=time.perf_counter() - began)


def _place(error: BaseException, module_name: str, module: ModuleType | None) -> str:
    """Return file and line of the last of the plugin's own code that an error went through."""
    if isinstance(error, _HookError):
        function = inspect.unwrap(getattr(module, error.hook, _place))
        code = function.__code__
        return f"{code.co_filename}:{code.co_firstlineno}" if function is not _place else ""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    parts = module_name.split(".")
    owner = ".".join(parts[: 2 if parts[0] == CORE else 1])
    own = [
        f"{frame.f_code.co_filename}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if f"{frame.f_globals.get('__name__')}.".startswith(f"{owner}.")
    ]
    return own[-1] if own else ""


def _ask(module: ModuleType) -> tuple[Spec, ...]:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise _misspelt(error) from error
    if not manager.get_hookcallers(module):
        raise PluginError("it implements no hook: is `@cellclf.hookimpl` missing?")
    specs: list[Spec] = []
    for hook, kind in HOOKS.items():
        for offered in getattr(manager.hook, hook)():
            specs.extend(_checked(offered, kind, hook))
    names = [(spec.kind, spec.name) for spec in specs]
    for what, name in names:
        if names.count((what, name)) > 1:
            raise PluginError(f"it offers {what} {name!r} twice")
    return tuple(specs)


def _checked(offered: Any, kind: type[Spec], hook: str) -> list[Spec]:
    if isinstance(offered, Spec) or not isinstance(offered, Iterable):
        raise _HookError(
            f"`{hook}` must return an iterable of {kind.__name__}. "
            f"Received: {type(offered).__name__}",
            hook,
        )
    specs = list(offered)
    for spec in specs:
        if not isinstance(spec, kind):
            raise _HookError(
                f"`{hook}` must offer {kind.__name__} alone. Received: {type(spec).__name__}", hook
            )
    return specs


def _misspelt(error: pluggy.PluginValidationError) -> _HookError:
    unknown = str(error).split("'")[1] if "'" in str(error) else ""
    return _HookError(f"unknown hook {unknown!r}.{hint(unknown, HOOKS)}", unknown)
