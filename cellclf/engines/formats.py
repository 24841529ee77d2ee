"""What trained networks can be exported to: the format of every engine."""

from __future__ import annotations

from cellclf.errors import PluginError
from cellclf.registry import Offer, Registry
from cellclf.specs import EngineSpec

__all__ = ["HALF_BUNDLE", "format_names", "format_offer"]

HALF_BUNDLE = "half_bundle"
"""What the command line calls a bundle in half the bytes, which is no engine's format."""


def format_names(registry: Registry) -> tuple[str, ...]:
    """Return the names of the formats on offer, sorted."""
    return tuple(sorted({format_ for format_, _ in _formats(registry)}))


def format_offer(registry: Registry, name: str) -> Offer[EngineSpec]:
    """Return the engine whose format is called `name`, or `distribution/name`.

    Raises:
        PluginError: No engine has such a format, or more than one has.
    """
    if name == HALF_BUNDLE:
        raise PluginError(
            f"`format` {name!r} is a bundle and no engine's format: `cellclf.half_bundle` writes it"
        )
    distribution, _, bare = name.rpartition("/")
    engines = [
        engine
        for format_, engine in _formats(registry)
        if format_ == bare and engine.startswith(f"{distribution}/" * bool(distribution))
    ]
    if not engines:
        raise PluginError(registry.unknown("format", name, (*format_names(registry), HALF_BUNDLE)))
    if len(engines) > 1:
        ways = " or ".join(repr(f"{engine.rpartition('/')[0]}/{bare}") for engine in engines)
        raise PluginError(
            f"format {bare!r} is that of more than one engine: ask for {ways}, or switch a plugin "
            "off with CELLCLF_DISABLE_PLUGINS"
        )
    return registry.offer(EngineSpec, engines[0])


def _formats(registry: Registry) -> list[tuple[str, str]]:
    """Each format with its engine, as `distribution/name`."""
    return [
        (spec.format or spec.name, f"{plugin.distribution}/{spec.name}")
        for plugin in registry.plugins
        for spec in plugin.specs
        if isinstance(spec, EngineSpec)
    ]
