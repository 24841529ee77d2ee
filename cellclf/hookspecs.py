"""The hooks that a plugin may implement.

A plugin is a module, named by an entry point of the group `cellclf`, that imports neither Keras nor
TensorFlow. Each hook returns an iterable of specs:

    import cellclf

    @cellclf.hookimpl
    def cellclf_models():
        yield cellclf.ModelSpec(name="tiny", ...)
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from cellclf.specs import (
    AugmentationSpec,
    CallbackSpec,
    DatasetSpec,
    EngineSpec,
    MetricSpec,
    ModelSpec,
    PretrainedSpec,
)

__all__ = ["hookimpl"]

PROJECT = "cellclf"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def cellclf_datasets() -> Iterable[DatasetSpec]:  # type: ignore[empty-body]
    """Offer ways to read labelled sets of images."""


@hookspec
def cellclf_augmentations() -> Iterable[AugmentationSpec]:  # type: ignore[empty-body]
    """Offer random changes to training images."""


@hookspec
def cellclf_models() -> Iterable[ModelSpec]:  # type: ignore[empty-body]
    """Offer architectures."""


@hookspec
def cellclf_metrics() -> Iterable[MetricSpec]:  # type: ignore[empty-body]
    """Offer figures that judge predictions."""


@hookspec
def cellclf_callbacks() -> Iterable[CallbackSpec]:  # type: ignore[empty-body]
    """Offer ways to watch a training."""


@hookspec
def cellclf_engines() -> Iterable[EngineSpec]:  # type: ignore[empty-body]
    """Offer runtimes that compute what a trained network gives."""


@hookspec
def cellclf_pretrained() -> Iterable[PretrainedSpec]:  # type: ignore[empty-body]
    """Offer trained models that come with the plugin."""
