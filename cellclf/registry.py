"""Finding plugins, and what they offer, without letting one spoil another.

Every plugin gets a pluggy manager of its own: pluggy's collective call ends at the first exception,
and one that misspells a hook, raises, or does not import should cost only itself.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.metadata import Distribution, EntryPoint, entry_points
from types import ModuleType
from typing import Any, Generic, Literal, TypeVar

import pluggy

from cellclf import __version__, hookspecs
from cellclf.errors import PluginError, hint
from cellclf.specs import (
    AugmentationSpec,
    CallbackSpec,
    DatasetSpec,
    EngineSpec,
    MetricSpec,
    ModelSpec,
    Spec,
)

__all__ = ["Offer", "Plugin", "Registry", "installed", "register"]

GROUP = "cellclf"
CORE = "cellclf"
SESSION = "(this session)"
UNKNOWN = "(unknown)"

PLUGIN_ERRORS = "CELLCLF_PLUGIN_ERRORS"
"""Set to `raise`, it shows a plugin's author what went wrong, and where."""

HOOKS: Mapping[str, type[Spec]] = {
    "cellclf_datasets": DatasetSpec,
    "cellclf_augmentations": AugmentationSpec,
    "cellclf_models": ModelSpec,
    "cellclf_metrics": MetricSpec,
    "cellclf_callbacks": CallbackSpec,
    "cellclf_engines": EngineSpec,
}

SpecT = TypeVar("SpecT", bound=Spec)
Status = Literal["ok", "conflict", "disabled", "incompatible", "failed"]


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """One plugin, working or not.

    Attributes:
        name: Name of its entry point.
        distribution: What `pip` calls the package that brought it.
        version: Version of that package.
        status: `ok`; `conflict` where another plugin offers one of its names; `disabled` by the
            user; `incompatible` with this version of cellclf; `failed` to import or to answer.
        reason: Why it is not `ok`; empty where it is.
        specs: What it offers.
        import_seconds: How long its import and its hooks took.
    """

    name: str
    distribution: str
    version: str
    status: Status = "ok"
    reason: str = ""
    specs: tuple[Spec, ...] = ()
    import_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Offer(Generic[SpecT]):
    """A spec and whose it is."""

    spec: SpecT
    distribution: str
    version: str


class Registry:
    """What the installed plugins offer, by kind and name."""

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        self._plugins = list(plugins)

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """Every plugin found, those in conflict marked as such."""
        return tuple(self._with_conflicts(plugin) for plugin in self._plugins)

    def names(self, kind: type[Spec]) -> list[str]:
        """Names on offer, sorted."""
        return sorted({offer.spec.name for offer in self._offers(kind)})

    def get(self, kind: type[SpecT], name: str) -> SpecT:
        """Return the spec called `name`, or `distribution/name`.

        Raises:
            PluginError: Nothing, or more than one thing, is offered under that name.
        """
        return self.offer(kind, name).spec

    def offer(self, kind: type[SpecT], name: str) -> Offer[SpecT]:
        """Like `get`, with the distribution that offers it."""
        distribution, _, bare = name.rpartition("/")
        named = [offer for offer in self._offers(kind) if offer.spec.name == bare]
        if distribution:
            named = [offer for offer in named if offer.distribution == distribution]
        if not named:
            raise PluginError(self.unknown(kind.kind, name, self.names(kind)))
        if len(named) > 1:
            ways = " or ".join(repr(f"{offer.distribution}/{bare}") for offer in named)
            raise PluginError(
                f"{kind.kind} {bare!r} is offered by more than one distribution: ask for {ways}"
            )
        return named[0]

    def reference(self, kind: type[Spec], name: str) -> str:
        """Return how the core's own `name` is asked for: bare, unless a plugin offers it too."""
        takers = [offer for offer in self._offers(kind) if offer.spec.name == name]
        return name if len(takers) == 1 else f"{CORE}/{name}"

    def core_names(self, kind: type[Spec]) -> list[str]:
        """Names that the core itself offers, in its own order."""
        return [o.spec.name for o in self._offers(kind) if o.distribution == CORE]

    def add(self, spec: Spec) -> None:
        """Offer `spec` for the life of this process; one added before under its name goes."""
        for number, plugin in enumerate(self._plugins):
            if plugin.distribution == SESSION:
                others = tuple(
                    s for s in plugin.specs if (s.kind, s.name) != (spec.kind, spec.name)
                )
                self._plugins[number] = replace(plugin, specs=(*others, spec))
                return
        self._plugins.append(
            Plugin(name="session", distribution=SESSION, version=__version__, specs=(spec,))
        )

    def _offers(self, kind: type[SpecT]) -> list[Offer[SpecT]]:
        return [
            Offer(spec=spec, distribution=plugin.distribution, version=plugin.version)
            for plugin in self._plugins
            for spec in plugin.specs
            if isinstance(spec, kind)
        ]

    def unknown(self, what: str, name: str, known: Sequence[str]) -> str:
        """Say that no `what` is called `name`, what there is, and which plugins do not work."""
        broken = [
            f"\n    plugin {plugin.name!r} of {plugin.distribution} is not available "
            f"({plugin.status}): {plugin.reason}"
            for plugin in self._plugins
            if plugin.status != "ok"
        ]
        return "".join(
            [
                f"no {what} is called {name!r}.{hint(name, known)} ",
                f"Installed: {', '.join(known) or 'none'}.",
                *broken,
            ]
        )

    def _with_conflicts(self, plugin: Plugin) -> Plugin:
        others: dict[str, list[str]] = defaultdict(list)
        for other in self._plugins:
            if other is plugin:
                continue
            for mine in plugin.specs:
                if any((mine.kind, mine.name) == (its.kind, its.name) for its in other.specs):
                    others[f"{mine.kind} {mine.name!r}"].append(other.distribution)
        if not others:
            return plugin
        reason = "; ".join(
            f"{what} is also offered by {', '.join(rivals)}" for what, rivals in others.items()
        )
        return replace(plugin, status="conflict", reason=reason)


@cache
def installed() -> Registry:
    """Return the registry of this process: the core's own plugin and every installed one."""
    return Registry(_discover())


def register(spec: Spec) -> None:
    """Offer a spec for the life of this process, without a package: for notebooks and tests."""
    if type(spec) not in HOOKS.values():
        wanted = ", ".join(sorted(kind.__name__ for kind in HOOKS.values()))
        raise PluginError(f"`spec` must be one of {wanted}. Received: {type(spec).__name__}")
    installed().add(spec)


def _discover() -> Iterable[Plugin]:
    yield _examine(
        Plugin(name="builtin", distribution=CORE, version=__version__), "cellclf.builtin.plugin"
    )
    found = sorted(
        (entry for entry in entry_points(group=GROUP) if entry.dist is not None),
        key=lambda entry: (_distribution(entry), entry.name),
    )
    strict = os.environ.get(PLUGIN_ERRORS) == "raise"
    for entry in found:
        plugin = _from_entry_point(entry)
        if strict and plugin.status in ("failed", "incompatible"):
            raise PluginError(f"plugin {plugin.name!r} of {plugin.distribution}: {plugin.reason}")
        yield plugin


def _distribution(entry: EntryPoint) -> str:
    """Name of the distribution; what is left of one that was half removed has none."""
    try:
        name: str | None = entry.dist.name if entry.dist else None
    except Exception:
        name = None
    return name or UNKNOWN


def _from_entry_point(entry: EntryPoint) -> Plugin:
    assert entry.dist is not None
    plugin = Plugin(name=entry.name, distribution=_distribution(entry), version="?")
    try:
        if plugin.distribution == UNKNOWN:
            raise PluginError("there is none")
        plugin = replace(plugin, version=entry.dist.version)
        excluded = _excludes_this_version(entry.dist)
    except Exception as error:
        reason = f"its metadata cannot be read ({type(error).__name__}: {error}): install it again"
        return replace(plugin, status="failed", reason=reason)
    if reason := _switched_off(entry.name):
        return replace(plugin, status="disabled", reason=reason)
    if excluded:
        return replace(plugin, status="incompatible", reason=excluded)
    return _examine(plugin, entry.value)


def _examine(plugin: Plugin, module_name: str) -> Plugin:
    """Import one plugin and ask it what it offers; whatever goes wrong becomes its status."""
    began = time.perf_counter()
    try:
        # What a plugin prints must not end up in the output of a command, JSON perhaps.
        with redirect_stdout(sys.stderr):
            specs = _ask(import_module(module_name))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit, or whatever else a module may raise
        detail = (
            str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
        )
        plugin = replace(plugin, status="failed", reason=detail)
    else:
        plugin = replace(plugin, specs=specs)
    return replace(plugin, import_seconds=time.perf_counter() - began)


def _ask(module: ModuleType) -> tuple[Spec, ...]:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(_misspelt(error)) from error
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
        raise PluginError(
            f"`{hook}` must return an iterable of {kind.__name__}. "
            f"Received: {type(offered).__name__}"
        )
    specs = list(offered)
    for spec in specs:
        if not isinstance(spec, kind):
            raise PluginError(
                f"`{hook}` must offer {kind.__name__} alone. Received: {type(spec).__name__}"
            )
    return specs


def _misspelt(error: pluggy.PluginValidationError) -> str:
    unknown = str(error).split("'")[1] if "'" in str(error) else ""
    return f"unknown hook {unknown!r}.{hint(unknown, HOOKS)}"


def _switched_off(name: str) -> str:
    disabled = _listed("CELLCLF_DISABLE_PLUGINS")
    if disabled is not None and name in disabled:
        return "named in CELLCLF_DISABLE_PLUGINS"
    wanted = _listed("CELLCLF_LOAD_PLUGINS")
    if wanted is not None and name not in wanted:
        return "not named in CELLCLF_LOAD_PLUGINS"
    return ""


def _listed(variable: str) -> list[str] | None:
    text = os.environ.get(variable)
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _excludes_this_version(distribution: Distribution) -> str:
    # Imported here: reading requirements costs 20 ms that `cellclf --help` need not pay.
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    for line in distribution.requires or ():
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue
        if canonicalize_name(wanted.name) != CORE:
            continue
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        if not wanted.specifier.contains(__version__, prereleases=True):
            return f"it wants cellclf{wanted.specifier}, this is cellclf {__version__}"
    return ""
