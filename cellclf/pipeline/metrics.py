"""Metrics of plugins, ready to be called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from cellclf.checking import choose
from cellclf.chosen import Chosen
from cellclf.evaluation.metric import Metric
from cellclf.registry import Registry, installed
from cellclf.specs import MetricSpec, NoParams

__all__ = ["bound_metrics", "core_metrics", "metrics_named"]


def bound_metrics(chosen: Mapping[str, Chosen[MetricSpec]]) -> tuple[Metric, ...]:
    """Import metrics, ready to be called by their names.

    Raises:
        PluginError: One of them cannot be imported; better known before training than after.
    """
    return tuple(_bound(name, metric) for name, metric in chosen.items())


def metrics_named(names: Iterable[str], registry: Registry) -> tuple[Metric, ...]:
    """Return metrics by their names, with their own defaults, ready to be called.

    Raises:
        PluginError: There is no such metric, or one cannot be imported.
    """
    return bound_metrics(
        {
            name: choose(MetricSpec, name, {}, registry, at="metrics", params_at="params")
            for name in names
        }
    )


def core_metrics() -> tuple[Metric, ...]:
    """Return the metrics that cellclf brings, ready to be called."""
    registry = installed()
    names = registry.core_names(MetricSpec)
    return metrics_named((registry.reference(MetricSpec, name) for name in names), registry)


def _bound(name: str, chosen: Chosen[MetricSpec]) -> Metric:
    """One of them; its parameters, where it has any, are given as `params`."""
    spec = chosen.spec
    given = {} if spec.params is NoParams else {"params": chosen.params}
    return Metric(
        name=name,
        compute=partial(chosen.function("compute"), **given),
        trials=None if spec.trials is None else partial(chosen.function("trials"), **given),
        batched=spec.batched,
        by_top_class=spec.by_top_class,
        limits=spec.limits,
    )
