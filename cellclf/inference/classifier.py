"""A trained model, loaded: images in, a table of predictions out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.data.decode import unsquare
from cellclf.data.leaks import LEAKY
from cellclf.data.reading import content_hash
from cellclf.data.samples import Sample
from cellclf.engines.engine import KERAS, Engine, Trained
from cellclf.engines.ensemble import engines_named
from cellclf.engines.opening import open_engine
from cellclf.engines.views import views_named
from cellclf.errors import BundleError, DataError, LeakageWarning, hint
from cellclf.evaluation.drift import Drift
from cellclf.evaluation.prediction_files import Sidecar
from cellclf.evaluation.predictions import predictions_table
from cellclf.evaluation.sources import seen
from cellclf.inference.bundle import read_bundle
from cellclf.inference.chunks import (
    Chunk,
    array_chunks,
    checked_images,
    chunk_length,
    input_chunks,
)
from cellclf.inference.classified import Classified
from cellclf.inference.combined import (
    SINGLE,
    Combination,
    combined_bundle,
    combined_engine,
    require_alike,
)
from cellclf.inference.finding import find_inputs
from cellclf.inference.inputs import Inputs, PathLike
from cellclf.inference.locate import find_bundle
from cellclf.inference.parts import Part, table_of
from cellclf.inference.rebuild import Architecture, architecture_of
from cellclf.network.outputs import Outputs
from cellclf.progress import Progress, Silent
from cellclf.registry import Registry, installed
from cellclf.terms import Explanation, Views

if TYPE_CHECKING:
    import keras

    from cellclf.inference.explain import GradCam, Occlusion

__all__ = ["Classifier", "load"]

AND = " + "
"""What stands between the names of models."""

Seen = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Of some images, probabilities, `(n, k)`, calibrated where the model is, and outlier scores."""


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
        where: A bundle, or a run directory, of which the best model is loaded. Several answer
            together: their calibrated probabilities are averaged, and the first decides which
            answers are for review and which cells are none of the classes.
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
    classifier = Classifier.load(
        *map(find_bundle, named),
        engine=engine,
        views=views,
        registry=registry,
        before_network=before_network,
        progress=progress,
    )
    if classifier.manifest.leaky:
        warnings.warn(f"{', '.join(map(str, named))}: {LEAKY}", LeakageWarning, stacklevel=2)
    return classifier


class Classifier:
    """A trained network with all that it takes to use it.

    Attributes:
        name: Name of its file, without the suffix; of several, all of them.
        paths: Its file; several where models are averaged.
        manifest: What its bundle says of it.
        decision: What turns its probabilities into answers; `None` where it is not calibrated.
        outliers: What tells how unlike the training images an image is; `None` where nothing does.
        trained: Fingerprint of the images that it was trained on, `uint64`, sorted; see
            `cellclf.evaluation.sources`. Empty where its bundle does not say.
        usual: What its training images look like; `None` where its bundle does not say.
        sha256: Hash of its bundle; where views or models are averaged, one of all that takes part.
        engine: What computes its answers.
        combined: What is averaged into an answer. Of several models, `model`, `outliers` and
            `usual` are those of the first, and `decision` is the first's without its calibration.
    """

    def __init__(
        self,
        architecture: Architecture,
        engine: Engine,
        model: Callable[[], keras.Model],
        paths: Sequence[Path],
        combined: Combination = SINGLE,
    ) -> None:
        bundle = architecture.bundle
        self.name = AND.join(path.stem for path in paths)
        self.paths = tuple(paths)
        self.manifest = bundle.manifest
        self.trained = bundle.trained
        self.decision = bundle.decision
        self.usual = bundle.usual
        self.outliers = bundle.outliers
        self.sha256 = bundle.sha256
        self.engine = engine
        self.combined = combined
        self._architecture = architecture
        self._model = model
        self._explain_layer = architecture.spec.explain_layer
        self._explainers: dict[Explanation, GradCam | Occlusion] = {}

    @classmethod
    def load(
        cls,
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
        architectures = [
            architecture_of(path, read_bundle(path), registry=plugins) for path in places
        ]
        engines = engines_named(engine, len(places))
        # Here too: networks take seconds to be built.
        require_alike(
            [
                (str(path), one.bundle.manifest)
                for path, one in zip(places, architectures, strict=True)
            ]
        )
        members = [
            cls._opened(
                path,
                architecture,
                engine=name,
                registry=plugins,
                before_network=before_network,
                progress=progress,
            )
            for path, architecture, name in zip(places, architectures, engines, strict=True)
        ]
        return cls.averaging(members, views=sides)

    @classmethod
    def averaging(cls, members: Sequence[Classifier], *, views: Views = "none") -> Classifier:
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
        first, bundles = members[0], [one._architecture.bundle for one in members]
        require_alike([(one.name, one._architecture.bundle.manifest) for one in members])
        return cls(
            replace(first._architecture, bundle=combined_bundle(bundles, sides)),
            combined_engine([one.engine for one in members], bundles, sides),
            first._model,
            [path for one in members for path in one.paths],
            Combination.of([one.name for one in members], bundles, sides),
        )

    @classmethod
    def _opened(
        cls,
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
        return cls(architecture, opened, model, [path])

    @property
    def model(self) -> keras.Model:
        """The network, a plain `keras.Model`: 0-255 RGB in, logits out; built when asked for."""
        return self._model()

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the network's outputs."""
        return self.manifest.classes

    @property
    def image_size(self) -> int:
        """Height and width, in pixels, that images are brought to."""
        return self.manifest.image_size

    def stream(
        self,
        inputs: Inputs | PathLike | Iterable[PathLike],
        *,
        batch: int | None = None,
        done: int = 0,
        progress: Progress | None = None,
    ) -> Generator[Part, None, None]:
        """Classify images, a chunk at a time, in memory that does not grow with their number.

        While the network looks at one chunk, the next ones are read. Those that cannot be read do
        not stop the rest.

        Args:
            inputs: What `cellclf.inference.finding.find_inputs` takes, or gives.
            batch: How many images the network looks at together; what suits the engine by
                default. A chunk is of one batch, or of some small ones.
            done: How many images, whole chunks of them, another call has looked at before these:
                the numbers are then those of one call for all.
            progress: Told of each chunk of images.

        Yields:
            What came of each chunk, in the order of the images.

        Raises:
            DataError: Something named does not exist, or holds no image.
        """
        found = inputs if isinstance(inputs, Inputs) else find_inputs(inputs)
        listener = Silent() if progress is None else progress
        size, mode = self.image_size, self.manifest.resize
        batch = self.engine.batch_size if batch is None else batch
        chunks = input_chunks(
            found,
            size=size,
            mode=mode,
            length=chunk_length(batch),
            looks=self.usual is not None,
        )
        with listener.task("Classifying", done + len(found)) as task, closing(chunks):
            task.advance(done)
            for number, chunk in enumerate(chunks):
                yield self._part(chunk, batch=batch, continued=done > 0 or number > 0)
                task.advance(len(chunk.asked))

    def classify(
        self,
        paths: Inputs | PathLike | Iterable[PathLike],
        *,
        progress: Progress | None = None,
    ) -> Classified:
        """Classify image files; those that cannot be read do not stop the rest.

        Args:
            paths: Files, folders, patterns and others, as `cellclf.inference.finding.find_inputs`
                has them.
            progress: Told of each chunk of images.

        Returns:
            The table of predictions, `sample_id` and `path` being the path, and the unreadable
            files with their reasons.

        Raises:
            DataError: Something named does not exist, or holds no image.
        """
        parts = [*self.stream(paths, progress=progress)]
        drift = self.drift((part.looks, part.top) for part in parts)
        return Classified(
            table=table_of(parts, self.classes),
            sidecar=self.sidecar(drift),
            drift=drift,
            unreadable={name: why for part in parts for name, why in part.unreadable.items()},
            trained=tuple(name for part in parts for name in part.trained_ids),
            synthetic=self.manifest.synthetic,
            leaky=self.manifest.leaky,
        )

    def drift(
        self, looks: Iterable[tuple[NDArray[np.float32] | None, NDArray[np.intp]]]
    ) -> Drift | None:
        """Compare what images look like with those of training.

        Args:
            looks: Of some images at a time, what they look like, shape `(n, 7)`, and the number of
                the class that each is taken for.

        Returns:
            What came of it; `None` where the model has nothing to compare with.
        """
        if self.usual is None:
            return None
        return self.usual.compared_in_blocks(
            (measures, top) for measures, top in looks if measures is not None
        )

    def sidecar(self, drift: Drift | None = None) -> Sidecar:
        """Return what a table of predictions does not say of itself.

        Args:
            drift: How its images look beside those of training.
        """
        sidecar = self.manifest.sidecar(
            model=self.name,
            sha256=self.sha256,
            thresholds={} if self.decision is None else self.decision.thresholds(),
        )
        return sidecar.model_copy(update={"drift": drift, **self.combined.told()})

    def predict(
        self,
        images: PathLike | Iterable[PathLike] | NDArray[np.uint8],
        *,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Classify images.

        Args:
            images: Files, folders and patterns; or `uint8` RGB images of any size,
                `(n, height, width, 3)` or `(height, width, 3)`.
            progress: Told of each chunk of files.

        Returns:
            The table of predictions, one row an image. For files, `sample_id` is the path; files
            that cannot be read are left out with a warning, `classify` gives their reasons. For an
            array, `sample_id` is the row number.

        Warns:
            LeakageWarning: The model was trained on some of them; `classify` says on which.

        Raises:
            DataError: Something named does not exist, or the array holds no images.
        """
        if isinstance(images, np.ndarray):
            probabilities, scores = self._looked_at_all(images)
            self._warn_of_trained(self._known_rows(images), stacklevel=3)
            table = predictions_table(
                sample_ids=[str(row) for row in range(len(probabilities))],
                probabilities=probabilities,
                classes=self.classes,
                outlier_scores=scores,
            )
            return self._reviewed(table)
        classified = self.classify(images, progress=progress)
        if classified.unreadable:
            path, reason = next(iter(classified.unreadable.items()))
            warnings.warn(
                f"{len(classified.unreadable)} files could not be read and are left out, such as "
                f"{path}: {reason}. `classify` gives them all",
                stacklevel=2,
            )
        self._warn_of_trained(classified.trained, stacklevel=3)
        return classified.table

    def predict_proba(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the probability of each class for each image, calibrated where the model is.

        Args:
            images: `uint8`, RGB, `(n, height, width, 3)` or `(height, width, 3)`, of any size.

        Returns:
            Shape `(n, k)`, in class order; rows sum to 1.

        Raises:
            DataError: The array holds something else.
        """
        probabilities, _ = self._looked_at_all(images)
        return probabilities

    def _looked_at_all(self, images: NDArray[np.uint8]) -> Seen:
        """Look at the images of an array, a chunk at a time."""
        found = [self._nothing()]
        for chunk in array_chunks(
            checked_images(images),
            size=self.image_size,
            mode=self.manifest.resize,
            length=self.engine.batch_size,
        ):
            found.append(
                self._looked_at(chunk, batch=self.engine.batch_size, continued=len(found) > 1)
            )
        probabilities, scores = zip(*found, strict=True)
        return np.concatenate(probabilities), np.concatenate(scores)

    def explain(
        self,
        images: NDArray[np.uint8],
        *,
        method: Explanation = "grad_cam",
        classes: str | Sequence[str] | None = None,
    ) -> NDArray[np.float32]:
        """Return where in each image the score of a class came from.

        A map shows what moved the score. It does not show that the answer is right, nor why.

        Args:
            images: `uint8`, RGB, `(n, height, width, 3)` or `(height, width, 3)`, of any size.
            method: `"grad_cam"`, by the gradients of the layer that the architecture names, or
                `"occlusion"`, by covering one patch after another, which is slower.
            classes: The class that each map is of: one for all images, or one for each of them; by
                default the one that is predicted.

        Returns:
            Shape `(n, height, width)`, as the images have it, 0 to 1. Each map is divided by its
            largest value; one is all zeros where nothing speaks for the class.

        Raises:
            DataError: The array holds something else, or a class is none of the model's.
            PluginError: The architecture's layer gives no maps, for `"grad_cam"`.
            ExperimentError: The backend has no gradients, for `"grad_cam"`.
        """
        if method not in get_args(Explanation):
            allowed = " or ".join(map(repr, get_args(Explanation)))
            raise DataError(f"`method` must be {allowed}. Received: method={method!r}")
        stacked = checked_images(images)
        numbers = self._class_numbers(stacked, classes)
        explainer = self._explainer(method)
        height, width = stacked.shape[1:3]
        found = np.zeros(stacked.shape[:3], np.float32)
        length, mode = self.engine.batch_size, self.manifest.resize
        starts = range(0, len(stacked), length)
        chunks = array_chunks(stacked, size=self.image_size, mode=mode, length=length)
        for start, chunk in zip(starts, chunks, strict=True):
            maps = explainer(chunk, numbers[start : start + length])
            for row, square in enumerate(maps, start=start):
                found[row] = unsquare(square, height, width, mode)
        return found

    def _class_numbers(
        self, images: NDArray[np.uint8], classes: str | Sequence[str] | None
    ) -> NDArray[np.intp]:
        """The class of which the map of each image is."""
        if classes is None:
            predicted: NDArray[np.intp] = self.predict_proba(images).argmax(axis=1)
            return predicted
        names = [classes] * len(images) if isinstance(classes, str) else list(classes)
        if len(names) != len(images):
            raise DataError(
                f"`classes` must name one class, or one for each of the {len(images)} images. "
                f"Received: {len(names)}"
            )
        for name in names:
            if name not in self.classes:
                raise DataError(
                    f"`classes` must be of {', '.join(self.classes)}. "
                    f"Received: {name!r}.{hint(name, self.classes)}"
                )
        return np.array([self.classes.index(name) for name in names], dtype=np.intp)

    def _explainer(self, method: Explanation) -> GradCam | Occlusion:
        """What draws maps, made when it is first asked for and kept with what it compiled."""
        from cellclf.inference.explain import GradCam, Occlusion

        if method not in self._explainers:
            self._explainers[method] = (
                GradCam(self.model, self._explain_layer)
                if method == "grad_cam"
                else Occlusion(self.engine)
            )
        return self._explainers[method]

    def _known_rows(self, images: NDArray[np.uint8]) -> list[str]:
        """Numbers of the images of an array that the model was trained on."""
        if not len(self.trained):
            return []
        stacked = checked_images(images)
        rows = (Sample(id=f"{row}", label="", index=row) for row in range(len(stacked)))
        known = seen([content_hash(row, stacked) for row in rows], self.trained)
        return [str(row) for row in np.flatnonzero(known)]

    def _warn_of_trained(self, names: Sequence[str], *, stacklevel: int) -> None:
        if names:
            warnings.warn(
                f"{len(names):,} of these images are ones that the model was trained on, such as "
                f"{names[0]}: what it says of them says nothing of how good it is",
                LeakageWarning,
                stacklevel=stacklevel,
            )

    def _nothing(self) -> Seen:
        return np.zeros((0, len(self.classes)), np.float32), np.zeros(0, np.float32)

    def _part(self, chunk: Chunk, *, batch: int, continued: bool) -> Part:
        probabilities, scores = self._looked_at(chunk.images, batch=batch, continued=continued)
        refused, review = np.zeros(len(scores), np.bool_), None
        if self.decision is not None:
            refused, review = self.decision.marks(probabilities.max(axis=1, initial=0.0), scores)
        return Part(
            asked=chunk.asked,
            ids=chunk.ids,
            classes=self.classes,
            probabilities=probabilities,
            outlier_scores=scores,
            refused=refused,
            review=review,
            looks=chunk.looks,
            trained=seen(chunk.content, self.trained),
            unreadable=chunk.unreadable,
        )

    def _looked_at(self, images: NDArray[np.uint8], *, batch: int, continued: bool) -> Seen:
        """Look at one chunk, a batch at a time; one that continues others is filled up.

        A batch of another length would be compiled anew, which can take longer than the images.
        """
        starts = range(0, len(images), batch)
        found = [
            self._outputs(images[start : start + batch], batch if continued or start else 0)
            for start in starts
        ]
        if not found:
            return self._nothing()
        given = np.concatenate([one.probabilities for one in found])
        if self.decision is not None:
            given = self.decision.calibration.apply(given)
        if self.outliers is None:
            return given, np.full(len(given), np.nan, np.float32)
        return given, self.outliers.of(np.concatenate([one.features for one in found]))

    def _outputs(self, images: NDArray[np.uint8], filled: int) -> Outputs:
        """What the network says of images, which are filled up to a number."""
        number = len(images)
        if number < filled:
            nothing = np.zeros((filled - number, *images.shape[1:]), np.uint8)
            images = np.concatenate([images, nothing])
        outputs = self.engine(images)
        return Outputs(
            probabilities=outputs.probabilities[:number], features=outputs.features[:number]
        )

    def _reviewed(self, table: pd.DataFrame) -> pd.DataFrame:
        """Say which cells are none of the classes, and which answers a person should look at."""
        return table if self.decision is None else self.decision.reviewed(table)
