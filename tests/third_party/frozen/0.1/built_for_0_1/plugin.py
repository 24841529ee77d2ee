"""What it offers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from cellclf import (
    AugmentationSpec,
    CallbackSpec,
    DatasetSpec,
    EngineSpec,
    MetricSpec,
    ModelSpec,
    NoParams,
    Params,
    hookimpl,
)


class DotsParams(Params):
    """Parameters of the data set."""

    each: int = Field(12, ge=4, description="Images of each class.")


class ShadeParams(Params):
    """Parameters of the augmentation."""

    least: float = Field(0.8, gt=0, le=1, description="Smallest factor on every pixel.")


class NetParams(Params):
    """Parameters of the network."""

    filters: int = Field(4, ge=1, description="Filters of its one convolution.")
    weights: Literal["none", "even"] = Field("none", description="What it begins with.")


class PowerParams(Params):
    """Parameters of the metric."""

    power: float = Field(1.0, gt=0, description="What the probability is raised to.")


@hookimpl
def cellclf_datasets() -> Iterable[DatasetSpec]:
    yield DatasetSpec(
        name="dots_0_1",
        summary="Light and dark dots",
        params=DotsParams,
        load="built_for_0_1.work:load",
        fetch="built_for_0_1.work:fetch",
        classes=("light", "dark"),
        licence="CC0",
        citation="Nobody (2024).",
        homepage="https://example.org",
        obtain="Nothing has to be got.",
        synthetic=True,
        needs_path=False,
        quickstart=None,
    )


@hookimpl
def cellclf_augmentations() -> Iterable[AugmentationSpec]:
    yield AugmentationSpec(
        name="shade_0_1", summary="Darken", params=ShadeParams, apply="built_for_0_1.work:shade"
    )


@hookimpl
def cellclf_models() -> Iterable[ModelSpec]:
    yield ModelSpec(
        name="net_0_1",
        summary="One convolution",
        params=NetParams,
        build="built_for_0_1.networks:build",
        pretrained="built_for_0_1.networks:pretrained",
        starts_from="built_for_0_1.networks:starts_from",
        pixel_range=(0.0, 1.0),
        channel_order="rgb",
        stages=("convolution",),
        explain_layer="convolution",
        learning_rate=1e-2,
        min_image_size=16,
    )


@hookimpl
def cellclf_metrics() -> Iterable[MetricSpec]:
    yield MetricSpec(
        name="trust_0_1",
        summary="Mean probability of the true class, raised to a power",
        params=PowerParams,
        compute="built_for_0_1.work:trust",
        limits=(0.0, 1.0),
        higher_is_better=True,
    )
    yield MetricSpec(
        name="hits_0_1",
        summary="Share of samples whose true class comes first",
        params=NoParams,
        compute="built_for_0_1.work:hits",
        trials="built_for_0_1.work:hit_trials",
        batched=False,
        by_top_class=True,
        limits=(0.0, 1.0),
    )


@hookimpl
def cellclf_callbacks() -> Iterable[CallbackSpec]:
    yield CallbackSpec(
        name="note_0_1", summary="A line an epoch", make="built_for_0_1.networks:note"
    )


@hookimpl
def cellclf_engines() -> Iterable[EngineSpec]:
    yield EngineSpec(
        name="same_0_1",
        summary="Keras under another name",
        convert="built_for_0_1.networks:convert",
        open="built_for_0_1.networks:open_network",
        requires=("numpy",),
        file="",
        candidate=False,
    )
