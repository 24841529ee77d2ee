"""What the package offers; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

import cellclf


class YeastParams(cellclf.Params):
    """Parameters of the data set."""

    each: int = Field(12, ge=4, description="Images of each class.")


class DimParams(cellclf.Params):
    """Parameters of the augmentation."""

    least: float = Field(0.8, gt=0, le=1, description="Smallest factor on every pixel.")


class DotParams(cellclf.Params):
    """Parameters of the network."""

    filters: int = Field(4, ge=1, description="Filters of its one convolution.")


class BetaParams(cellclf.Params):
    """Parameters of the metric."""

    beta: float = Field(2.0, gt=0, description="How much recall counts against precision.")


@cellclf.hookimpl
def cellclf_datasets() -> Iterable[cellclf.DatasetSpec]:
    yield cellclf.DatasetSpec(
        name="yeast",
        summary="Discs with and without a bud",
        load="thirdparty_yeast.pieces:load",
        params=YeastParams,
        classes=("single", "budding"),
        synthetic=True,
        needs_path=False,
    )


@cellclf.hookimpl
def cellclf_augmentations() -> Iterable[cellclf.AugmentationSpec]:
    yield cellclf.AugmentationSpec(
        name="dim",
        summary="Darken all pixels alike",
        apply="thirdparty_yeast.pieces:dim",
        params=DimParams,
    )


@cellclf.hookimpl
def cellclf_models() -> Iterable[cellclf.ModelSpec]:
    yield cellclf.ModelSpec(
        name="dot_net",
        summary="One convolution",
        build="thirdparty_yeast.network:build",
        params=DotParams,
        pixel_range=(0.0, 1.0),
        explain_layer="convolution",
        min_image_size=8,
    )


@cellclf.hookimpl
def cellclf_callbacks() -> Iterable[cellclf.CallbackSpec]:
    yield cellclf.CallbackSpec(
        name="bud_log", summary="Keras' own table", make="thirdparty_yeast.network:bud_log"
    )


@cellclf.hookimpl
def cellclf_metrics() -> Iterable[cellclf.MetricSpec]:
    yield cellclf.MetricSpec(
        name="f_beta",
        summary="Weighted harmonic mean of precision and recall, macro",
        compute="thirdparty_yeast.pieces:f_beta",
        params=BetaParams,
    )
