"""From what a user calls a plugin to the specs that are meant."""

from __future__ import annotations

from cellclf.errors import PluginError
from cellclf.registry import HOOKS, Registry, installed
from cellclf.specs import Spec

__all__ = ["specs_meant", "specs_named"]


def specs_meant(given: Spec | str) -> tuple[Spec, ...]:
    """Return the spec that is given, or all that a name of what is installed stands for.

    Raises:
        PluginError: As `specs_named` raises it.
    """
    return specs_named(given, installed()) if isinstance(given, str) else (given,)


def specs_named(name: str, registry: Registry) -> tuple[Spec, ...]:
    """Return all that a plugin or distribution offers, or what is offered under a name.

    Args:
        name: A plugin, a distribution, a name on offer, or `distribution/name`.
        registry: Where it is looked for.

    Raises:
        PluginError: There is nothing of that name, it does not work, or it is offered twice.
    """
    plugins = [plugin for plugin in registry.plugins if name in (plugin.name, plugin.distribution)]
    for plugin in plugins:
        if plugin.status not in ("ok", "conflict"):
            raise PluginError(
                f"plugin {plugin.name!r} of {plugin.distribution} is not available "
                f"({plugin.status}): {plugin.reason_and_place}\n"
                "`cellclf plugins doctor` says what mends it"
            )
    if plugins:
        return tuple(spec for plugin in plugins for spec in plugin.specs)
    bare = name.rpartition("/")[2]
    kinds = [kind for kind in HOOKS.values() if bare in registry.names(kind)]
    if not kinds:
        known = {offered for kind in HOOKS.values() for offered in registry.names(kind)}
        known |= {plugin.distribution for plugin in registry.plugins}
        raise PluginError(registry.unknown("plugin, distribution or offer", name, sorted(known)))
    return tuple(_offered(kinds, name, registry))


def _offered(kinds: list[type[Spec]], name: str, registry: Registry) -> list[Spec]:
    """The kinds in which the name is on offer; a distribution need not offer it in all of them."""
    found, missing = [], None
    for kind in kinds:
        try:
            found.append(registry.get(kind, name))
        except PluginError as error:
            if "/" not in name:
                raise
            missing = error
    if not found and missing is not None:
        raise missing
    return found
