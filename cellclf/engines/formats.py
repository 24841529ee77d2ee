"""What trained networks can be exported to: the format of every engine."""

from __future__ import annotations

from cellclf.errors import PluginError
from cellclf.registry import Offer, Registry
from cellclf.specs import EngineSpec

__all__ = ["format_names", "format_offer"]


def format_names(registry: Registry) -> tuple[str, ...]:
    """Return the names of the formats on offer, sorted."""
    return tuple(sorted({_format(spec) for spec in _engines(registry)}))


def format_offer(registry: Registry, name: str) -> Offer[EngineSpec]:
    """Return the engine whose format is called `name`, or `distribution/name`.

    Raises:
        PluginError: No engine has such a format, or more than one has.
    """
    distribution, _, bare = name.rpartition("/")
    engines = sorted({spec.name for spec in _engines(registry) if _format(spec) == bare})
    if not engines:
        raise PluginError(registry.unknown("format", name, format_names(registry)))
    if len(engines) > 1:
        raise PluginError(
            f"format {bare!r} is that of more than one engine: {', '.join(engines)}. Switch off "
            "all but one with CELLCLF_DISABLE_PLUGINS"
        )
    return registry.offer(EngineSpec, f"{distribution}/{engines[0]}".lstrip("/"))


def _engines(registry: Registry) -> list[EngineSpec]:
    return [
        spec for plugin in registry.plugins for spec in plugin.specs if isinstance(spec, EngineSpec)
    ]


def _format(spec: EngineSpec) -> str:
    return spec.format or spec.name
