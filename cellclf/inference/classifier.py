"""A trained model, loaded: images in, a table of predictions out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.data.reading import content_hash
from cellclf.data.samples import Sample
from cellclf.engines.engine import Engine
from cellclf.errors import DataError, LeakageWarning
from cellclf.evaluation.drift import Drift
from cellclf.evaluation.prediction_files import Sidecar
from cellclf.evaluation.predictions import predictions_table
from cellclf.evaluation.sources import seen
from cellclf.inference.chunks import (
    Chunk,
    checked_images,
    chunk_length,
    input_chunks,
)
from cellclf.inference.classified import Classified
from cellclf.inference.combined import (
    SINGLE,
    Combination,
)
from cellclf.inference.finding import find_inputs
from cellclf.inference.inputs import Inputs, PathLike
from cellclf.inference.looking import Look
from cellclf.inference.maps import Maps, class_numbers, require_method
from cellclf.inference.parts import Part, table_of
from cellclf.inference.rebuild import Architecture
from cellclf.progress import Progress, Silent
from cellclf.terms import Explanation

if TYPE_CHECKING:
    import keras

__all__ = ["Classifier"]

AND = " + "
"""What stands between the names of models."""


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
        architecture: What it takes to rebuild its network.
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
        self.architecture = architecture
        self._model = model
        self._maps = Maps(model, architecture.spec.explain_layer)

    @property
    def model(self) -> keras.Model:
        """The network, a plain `keras.Model`: 0-255 RGB in, logits out; built when asked for."""
        return self._model()

    @property
    def _look(self) -> Look:
        return Look(
            engine=self.engine,
            decision=self.decision,
            outliers=self.outliers,
            classes=len(self.classes),
            image_size=self.image_size,
            resize=self.manifest.resize,
        )

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
            DataError: Something named does not exist, or holds no image; or `batch` is less than 1.
        """
        found = inputs if isinstance(inputs, Inputs) else find_inputs(inputs)
        listener = Silent() if progress is None else progress
        size, mode = self.image_size, self.manifest.resize
        batch = self.engine.batch_size if batch is None else batch
        if batch < 1:
            raise DataError(f"`batch` must be at least 1. Received: batch={batch}")
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
            probabilities, scores = self._look.at_all(checked_images(images))
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
        probabilities, _ = self._look.at_all(checked_images(images))
        return probabilities

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
        require_method(method)
        stacked = checked_images(images)
        if classes is None:
            numbers = self.predict_proba(stacked).argmax(axis=1)
        else:
            numbers = class_numbers(classes, self.classes, len(stacked))
        return self._maps(self._look, stacked, numbers, method)

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

    def _part(self, chunk: Chunk, *, batch: int, continued: bool) -> Part:
        probabilities, scores = self._look.at(chunk.images, batch=batch, continued=continued)
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

    def _reviewed(self, table: pd.DataFrame) -> pd.DataFrame:
        """Say which cells are none of the classes, and which answers a person should look at."""
        return table if self.decision is None else self.decision.reviewed(table)
