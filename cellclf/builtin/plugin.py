"""The core's own plugin: what cellclf offers without any other package."""

from __future__ import annotations

from collections.abc import Iterable

from cellclf.builtin.augmentation_specs import AUGMENTATIONS
from cellclf.builtin.callback_specs import CALLBACKS
from cellclf.builtin.dataset_specs import DATASETS
from cellclf.builtin.engine_specs import ENGINES
from cellclf.builtin.metric_specs import METRICS
from cellclf.hookspecs import hookimpl
from cellclf.specs import AugmentationSpec, CallbackSpec, DatasetSpec, EngineSpec, MetricSpec

__all__ = [
    "cellclf_augmentations",
    "cellclf_callbacks",
    "cellclf_datasets",
    "cellclf_engines",
    "cellclf_metrics",
]


@hookimpl
def cellclf_datasets() -> Iterable[DatasetSpec]:
    """Ways to read anybody's own images."""
    return DATASETS


@hookimpl
def cellclf_augmentations() -> Iterable[AugmentationSpec]:
    """Changes that leave the class of any stained cell what it is."""
    return AUGMENTATIONS


@hookimpl
def cellclf_metrics() -> Iterable[MetricSpec]:
    """The usual figures of a classifier."""
    return METRICS


@hookimpl
def cellclf_callbacks() -> Iterable[CallbackSpec]:
    """Ways to watch a training."""
    return CALLBACKS


@hookimpl
def cellclf_engines() -> Iterable[EngineSpec]:
    """Formats that need no other package."""
    return ENGINES
