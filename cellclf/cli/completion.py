"""What a shell is offered where the name of a plugin stands; nothing heavy is imported for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cellclf.terms import AUTO, PARTS

if TYPE_CHECKING:
    from cellclf.specs import Spec

__all__ = ["datasets", "engines", "fetchable", "formats", "metrics", "models", "names", "parts"]


def datasets(incomplete: str) -> list[str]:
    """Return the datasets on offer whose names begin so."""
    from cellclf.specs import DatasetSpec

    return _beginning(incomplete, _offered(DatasetSpec))


def fetchable(incomplete: str) -> list[str]:
    """Return the datasets that `cellclf fetch` can get."""
    from cellclf.registry import installed
    from cellclf.specs import DatasetSpec

    found = [spec for plugin in installed().plugins for spec in plugin.specs]
    own = [spec.name for spec in found if isinstance(spec, DatasetSpec) and spec.fetch is not None]
    return _beginning(incomplete, sorted(own))


def models(incomplete: str) -> list[str]:
    """Return the architectures on offer; one word may hold several, with commas between."""
    from cellclf.specs import ModelSpec

    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in _beginning(last, _offered(ModelSpec))]


def metrics(incomplete: str) -> list[str]:
    """Return the metrics on offer."""
    from cellclf.specs import MetricSpec

    return _beginning(incomplete, _offered(MetricSpec))


def formats(incomplete: str) -> list[str]:
    """Return the engines on offer, in whose formats a model can be written."""
    from cellclf.specs import EngineSpec

    return _beginning(incomplete, _offered(EngineSpec))


def engines(incomplete: str) -> list[str]:
    """Return what may compute answers."""
    return _beginning(incomplete, [AUTO, "keras", *formats("")])


def names(incomplete: str) -> list[str]:
    """Return every name on offer, whatever it stands for."""
    from cellclf.registry import HOOKS

    return _beginning(incomplete, [name for kind in HOOKS.values() for name in _offered(kind)])


def parts(incomplete: str) -> list[str]:
    """Return the parts of a set."""
    return _beginning(incomplete, PARTS)


def _offered(kind: type[Spec]) -> list[str]:
    # Imported here: only where something is completed.
    from cellclf.registry import installed

    return installed().names(kind)


def _beginning(incomplete: str, known: Iterable[str]) -> list[str]:
    return [name for name in known if name.startswith(incomplete)]
