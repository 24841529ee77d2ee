"""Metrics of plugins, ready to be called."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from cellclf.checking import Chosen
from cellclf.evaluation.metric import Metric
from cellclf.specs import MetricSpec, NoParams

__all__ = ["bound_metrics"]


def bound_metrics(chosen: Mapping[str, Chosen[MetricSpec]]) -> tuple[Metric, ...]:
    """Import metrics, ready to be called by their names.

    Raises:
        PluginError: One of them cannot be imported; better known before training than after.
    """
    return tuple(_bound(name, metric) for name, metric in chosen.items())


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
