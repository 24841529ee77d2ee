"""The core's own plugin: what cellclf offers without any other package."""

from __future__ import annotations

from collections.abc import Iterable

from cellclf.builtin.augmentation_specs import AUGMENTATIONS
from cellclf.builtin.dataset_specs import DATASETS
from cellclf.builtin.metric_specs import METRICS
from cellclf.hookspecs import hookimpl
from cellclf.specs import AugmentationSpec, DatasetSpec, MetricSpec

__all__ = ["cellclf_augmentations", "cellclf_datasets", "cellclf_metrics"]


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
