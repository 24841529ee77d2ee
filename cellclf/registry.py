"""Finding plugins, and what they offer, without letting one spoil another."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Generic, TypeVar

from cellclf import __version__
from cellclf.errors import PluginError, hint
from cellclf.examining import CORE, HOOKS, Plugin, Status, examine
from cellclf.plugin_files import as_plugin, examine_file, named_files, remember
from cellclf.specs import Spec

__all__ = [
    "DISABLE",
    "GROUP",
    "HOOKS",
    "LOAD",
    "PLUGIN_ERRORS",
    "SESSION",
    "UNKNOWN",
    "Offer",
    "Plugin",
    "Registry",
    "Status",
    "examined",
    "found",
    "installed",
    "listed",
    "load_plugin_file",
    "name_plugin_file",
    "register",
]

GROUP = "cellclf"
"""Group of the entry points that are plugins."""

SESSION = "(this session)"
"""Stands for the distribution of what was registered in this process."""

UNKNOWN = "(unknown)"
"""Stands for the distribution of a plugin whose metadata cannot be read."""

PLUGIN_ERRORS = "CELLCLF_PLUGIN_ERRORS"
"""Set to `raise`, it shows a plugin's author what went wrong, and where."""

DISABLE = "CELLCLF_DISABLE_PLUGINS"
LOAD = "CELLCLF_LOAD_PLUGINS"
"""Name plugins, with commas between: those that are left out, and those that alone are loaded."""

SpecT = TypeVar("SpecT", bound=Spec)


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

    def is_alone(self, kind: type[Spec], name: str) -> bool:
        """Whether one distribution alone offers `name`, so that it may be asked for as it is."""
        return sum(offer.spec.name == name for offer in self._offers(kind)) == 1

    def reference(self, kind: type[Spec], name: str) -> str:
        """Return how the core's own `name` is asked for: bare, unless a plugin offers it too."""
        return name if self.is_alone(kind, name) else f"{CORE}/{name}"

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

    def put(self, plugin: Plugin) -> None:
        """Add a plugin that is a file, in place of what was known of that file."""
        self._plugins = [known for known in self._plugins if known.file != plugin.file]
        self._plugins.append(plugin)

    def plugin_files(self, distributions: Container[str]) -> list[dict[str, str]]:
        """Return, as plain values, which of the distributions are files, and their hashes."""
        return [
            {"file": str(plugin.file), "sha256": plugin.sha256}
            for plugin in self._plugins
            if plugin.file is not None and plugin.distribution in distributions
        ]

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
            f"({plugin.status}): {plugin.reason_and_place}"
            for plugin in self._plugins
            if plugin.status != "ok"
        ]
        if broken:
            broken.append("\n    `cellclf plugins doctor` says what mends it")
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


def load_plugin_file(path: Path | str) -> None:
    """Load a plugin that is one file and no package; one that was loaded before is read anew.

    Its hooks are asked like those of any plugin. The file is named in `CELLCLF_PLUGIN_FILES`, so
    that processes that this one starts load it too.

    Args:
        path: A file such as `my_cells.py`. It becomes the module `my_cells`, so specs refer to its
            functions as `"my_cells:build"`.

    Raises:
        PluginError: There is no such file, its name is no free name of a module, or it does not
            work; the message says where in the file.
    """
    file = name_plugin_file(path)
    for plugin in installed().plugins:
        if plugin.file == file and plugin.status == "failed":
            raise PluginError(f"plugin file {file}: {plugin.reason_and_place}")


def name_plugin_file(path: Path | str) -> Path:
    """Like `load_plugin_file`, for a file that need not work: what is wrong becomes its status.

    Returns:
        The file, by its absolute path.

    Raises:
        PluginError: There is no such file.
    """
    file = remember(path)
    if installed.cache_info().currsize:
        installed().put(examined(as_plugin(file)))
    return file


def found() -> Iterable[Plugin]:
    """Find every plugin without importing one: `ok` is, so far, whose metadata is in order."""
    yield Plugin(
        name="builtin", distribution=CORE, version=__version__, module="cellclf.builtin.plugin"
    )
    entries = [entry for entry in entry_points(group=GROUP) if entry.dist is not None]
    packaged = [_from_entry_point(entry) for entry in entries]
    yield from sorted(packaged, key=lambda plugin: (plugin.distribution, plugin.name))
    for file in named_files():
        plugin = as_plugin(file)
        if plugin.name in (listed(DISABLE) or ()):
            plugin = replace(plugin, status="disabled", reason=f"named in {DISABLE}")
        yield plugin


def _discover() -> Iterable[Plugin]:
    strict = os.environ.get(PLUGIN_ERRORS) == "raise"
    for plugin in found():
        asked = examined(plugin) if plugin.status == "ok" else plugin
        if strict and asked.status in ("failed", "incompatible"):
            raise PluginError(
                f"plugin {asked.name!r} of {asked.distribution}: {asked.reason_and_place}"
            )
        yield asked


def examined(plugin: Plugin) -> Plugin:
    """Import a plugin that was found and ask it what it offers."""
    if plugin.file is not None:
        return examine_file(plugin.file)
    return examine(plugin, lambda: import_module(plugin.module))


def _from_entry_point(entry: EntryPoint) -> Plugin:
    assert entry.dist is not None
    plugin = Plugin(name=entry.name, distribution=UNKNOWN, version="?", module=entry.value)
    try:
        # Each access parses the text again, so this is the only one.
        metadata = entry.dist.metadata
        if not (name := metadata["Name"]):  # what is left of one that was half removed
            raise PluginError("there is none")
        plugin = replace(plugin, distribution=name, version=metadata["Version"])
        excluded = _excludes_this_version(
            metadata.get_all("Requires-Dist") or entry.dist.requires or ()
        )
    except Exception as error:
        reason = f"its metadata cannot be read ({type(error).__name__}: {error}): install it again"
        return replace(plugin, status="failed", reason=reason)
    if reason := _switched_off(entry.name):
        return replace(plugin, status="disabled", reason=reason)
    if excluded:
        return replace(plugin, status="incompatible", reason=excluded)
    return plugin


def _switched_off(name: str) -> str:
    disabled = listed(DISABLE)
    if disabled is not None and name in disabled:
        return f"named in {DISABLE}"
    wanted = listed(LOAD)
    if wanted is not None and name not in wanted:
        return f"not named in {LOAD}"
    return ""


def listed(variable: str) -> list[str] | None:
    """Return the names, with commas between, in a variable; `None` where it is not set."""
    text = os.environ.get(variable)
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _excludes_this_version(requires: Iterable[str]) -> str:
    # Imported here: reading requirements costs 20 ms that `cellclf --help` need not pay.
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    for line in requires:
        if not line.lower().startswith(CORE):
            continue
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
