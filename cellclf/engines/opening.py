"""From what a user calls an engine to one that is open for a network."""

from __future__ import annotations

from collections.abc import Mapping

from cellclf.engines.conversion import CONVERTIBLE, versions_of
from cellclf.engines.converted import converted
from cellclf.engines.engine import KERAS, Engine, KerasEngine, Trained
from cellclf.engines.speed import Measured, Speed, measure, recorded
from cellclf.errors import CellclfError, EngineError, PluginError
from cellclf.network.backend import meant
from cellclf.progress import Progress, Silent
from cellclf.registry import Offer, Registry
from cellclf.specs import EngineSpec
from cellclf.terms import AUTO

__all__ = ["engine_names", "open_engine"]


def engine_names(registry: Registry) -> tuple[str, ...]:
    """Return what may be asked for: `auto`, `keras`, and the names of the installed engines."""
    return (AUTO, KERAS, *registry.names(EngineSpec))


def open_engine(
    name: str, trained: Trained, *, registry: Registry, progress: Progress | None = None
) -> Engine:
    """Open an engine for a network.

    Args:
        name: `keras`, `auto`, or what a plugin calls its engine.
        trained: The network.
        registry: Where engines are looked for.
        progress: Told what takes long, and what `auto` chose.

    Raises:
        PluginError: There is no such engine.
        EngineError: It cannot be used for this network, or gives other numbers than Keras.
        RunError: The cache cannot be written to.
    """
    listener = Silent() if progress is None else progress
    if name == KERAS:
        return KerasEngine(trained.network())
    if name == AUTO:
        return _fastest(trained, registry, listener)
    try:
        offer = registry.offer(EngineSpec, name)
    except PluginError as error:
        if name in registry.names(EngineSpec):
            raise
        names = engine_names(registry)
        raise PluginError(registry.unknown("engine", name, names)) from error
    return converted(offer, trained)


def _fastest(trained: Trained, registry: Registry, progress: Progress) -> Engine:
    candidates = _candidates(registry)
    if not candidates or meant() != CONVERTIBLE:
        return KerasEngine(trained.network())
    opened: dict[str, Engine] = {}

    def make() -> Measured:
        return _measured(trained, candidates, opened, progress)

    versions = {name: versions_of(offer) for name, offer in candidates.items()}
    measured = recorded(trained.sha256, versions, make)
    progress.say(str(measured))
    name = measured.fastest
    if name not in opened:
        opened[name] = (
            KerasEngine(trained.network())
            if name == KERAS
            else converted(candidates[name], trained)
        )
    engine = opened[name]
    engine.batch_size = measured.engines[name].batch_size
    return engine


def _candidates(registry: Registry) -> Mapping[str, Offer[EngineSpec]]:
    """The engines that `auto` may choose and that can be used here, by name."""
    found = {}
    for name in registry.names(EngineSpec):
        try:
            offer = registry.offer(EngineSpec, name)
            versions_of(offer)
        except (PluginError, EngineError):  # two of one name; not installed
            continue
        if offer.spec.candidate:
            found[name] = offer
    return found


def _measured(
    trained: Trained,
    candidates: Mapping[str, Offer[EngineSpec]],
    opened: dict[str, Engine],
    progress: Progress,
) -> Measured:
    """Time Keras and every candidate; each that works is put into `opened`."""
    progress.say(
        f"Once for this model on this machine: {', '.join(candidates)} made ready, held against "
        "Keras and timed"
    )
    reference = KerasEngine(trained.network())
    opened[KERAS] = reference
    speeds: dict[str, Speed] = {KERAS: measure(reference, trained.image_size)}
    failed: dict[str, str] = {}
    for name, offer in candidates.items():
        try:
            engine = converted(offer, trained, reference=lambda: reference)
        except CellclfError as error:
            failed[name] = str(error)
            progress.warn(f"Engine {name} is left out: {error}")
            continue
        opened[name] = engine
        speeds[name] = measure(engine, trained.image_size)
    return Measured(engines=speeds, failed=failed)
