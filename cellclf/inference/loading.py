"""From bundles to a classifier: one model, views of it, or several that answer together."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cellclf.data.leaks import LEAKY
from cellclf.engines.engine import KERAS, Trained
from cellclf.engines.ensemble import engines_named
from cellclf.engines.opening import open_engine
from cellclf.engines.views import views_named
from cellclf.errors import BundleError, LeakageWarning
from cellclf.inference.bundle import read_bundle
from cellclf.inference.classifier import Classifier
from cellclf.inference.combined import (
    SINGLE,
    Combination,
    combined_bundle,
    combined_engine,
    require_alike,
)
from cellclf.inference.inputs import PathLike
from cellclf.inference.locate import find_bundle
from cellclf.inference.rebuild import Architecture, architecture_of
from cellclf.progress import Progress
from cellclf.registry import Registry, installed
from cellclf.terms import Views

if TYPE_CHECKING:
    import keras

__all__ = ["averaging", "load", "load_bundles"]


def load(
    where: PathLike | Sequence[PathLike],
    *,
    engine: str = KERAS,
    views: Views = "none",
    registry: Registry | None = None,
    before_network: Callable[[], None] | None = None,
    progress: Progress | None = None,
) -> Classifier:
    """Load a trained model.

    Args:
        where: A bundle; a run directory, of which the best model is loaded; or the name of a model
            that comes with a plugin, such as `"blood_cells"`, unless a file or folder is called so.
            Several answer together: their calibrated probabilities are averaged, and the first
            decides which answers are for review and which cells are none of the classes.
        engine: What computes its answers: `"keras"`, the name of an engine that a plugin offers, or
            `"auto"`, the fastest on this machine. An engine other than Keras is held against Keras
            when a model is first used with it, and then imports no Keras any more. Of several
            models one for all, or one for each, such as `"openvino + keras"`.
        views: From which sides each image is looked at, what is seen being averaged: `"none"`, as
            it is; `"flips"`, mirrored both ways too, 4 views; `"dihedral"`, turned by right angles
            as well, 8 views. Calibration and thresholds are those of a single view.
        registry: Where its architecture and the engine are looked for; the installed plugins by
            default.
        before_network: Called once the bundle has proved sound, before Keras is imported. The
            command line passes `cellclf.prepare_backend`, which sets environment variables.
        progress: Told what takes long, and which engine `"auto"` chose.

    Warns:
        LeakageWarning: The figures of the model's run come from a split that leaks.

    Raises:
        BundleError: There is no such model, or it cannot be trusted, read or rebuilt; or several
            cannot answer together.
        DataError: There are no such views.
        PluginError: There is no such engine.
        EngineError: The engine cannot be used for this model, or gives other numbers than Keras.
    """
    named = [where] if isinstance(where, str | os.PathLike) else where
    classifier = load_bundles(
        *(find_bundle(one, registry=registry, progress=progress) for one in named),
        engine=engine,
        views=views,
        registry=registry,
        before_network=before_network,
        progress=progress,
    )
    if classifier.manifest.leaky:
        warnings.warn(f"{', '.join(map(str, named))}: {LEAKY}", LeakageWarning, stacklevel=2)
    return classifier


def load_bundles(
    *paths: PathLike,
    engine: str = KERAS,
    views: Views = "none",
    registry: Registry | None = None,
    before_network: Callable[[], None] | None = None,
    progress: Progress | None = None,
) -> Classifier:
    """Load a bundle, or several that answer together, to be rebuilt through their plugins.

    Args:
        paths: The bundles.
        engine: See `load`.
        views: See `load`.
        registry: Where architectures and the engine are looked for; the installed plugins by
            default.
        before_network: See `load`.
        progress: See `load`.

    Raises:
        BundleError: A file is no bundle that can be trusted and read, was made with another
            image decoder, or its architecture is not installed or has changed; there is none,
            or several cannot answer together.
        DataError: There are no such views.
        PluginError: There is no such engine.
        EngineError: The engine cannot be used for a model.
    """
    sides = views_named(views)
    plugins = registry or installed()
    places = [Path(path) for path in paths]
    architectures = [architecture_of(path, read_bundle(path), registry=plugins) for path in places]
    engines = engines_named(engine, len(places))
    # Here too: networks take seconds to be built.
    require_alike(
        [(str(path), one.bundle.manifest) for path, one in zip(places, architectures, strict=True)]
    )
    members = [
        _opened(
            path,
            architecture,
            engine=name,
            registry=plugins,
            before_network=before_network,
            progress=progress,
        )
        for path, architecture, name in zip(places, architectures, engines, strict=True)
    ]
    return averaging(members, views=sides)


def averaging(members: Sequence[Classifier], *, views: Views = "none") -> Classifier:
    """Return one that averages over views, over models, or over both.

    Args:
        members: Loaded models, each of which looks once; the first decides.
        views: From which sides each looks; see `load`.

    Raises:
        BundleError: There is none, or they cannot answer together.
        DataError: There are no such views.
    """
    sides = views_named(views)
    if not members:
        raise BundleError("there must be a model to load. Received: none")
    if len(members) == 1 and sides == "none":
        return members[0]
    averages = [one.name for one in members if one.combined != SINGLE]
    if averages:
        raise BundleError(
            f"models that are to be averaged must be single ones. Received: {averages[0]}"
        )
    first, bundles = members[0], [one.architecture.bundle for one in members]
    require_alike([(one.name, one.architecture.bundle.manifest) for one in members])
    return Classifier(
        replace(first.architecture, bundle=combined_bundle(bundles, sides)),
        combined_engine([one.engine for one in members], bundles, sides),
        lambda: first.model,
        [path for one in members for path in one.paths],
        Combination.of([one.name for one in members], bundles, sides),
    )


def _opened(
    path: Path,
    architecture: Architecture,
    *,
    engine: str,
    registry: Registry,
    before_network: Callable[[], None] | None,
    progress: Progress | None,
) -> Classifier:
    bundle = architecture.bundle

    @cache
    def model() -> keras.Model:
        if before_network is not None:
            before_network()
        return architecture.network()

    trained = Trained(
        sha256=bundle.sha256,
        name=path.stem,
        image_size=bundle.manifest.image_size,
        network=model,
    )
    opened = open_engine(engine, trained, registry=registry, progress=progress)
    return Classifier(architecture, opened, model, [path])
