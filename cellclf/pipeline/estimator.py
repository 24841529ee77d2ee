"""A classifier of cells for scikit-learn: arrays in, labels out, over the same engine room."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, column_or_1d

from cellclf.checking import plan
from cellclf.errors import DataError
from cellclf.experiment import laid_over
from cellclf.inference.chunks import checked_images
from cellclf.pipeline.prepare import prepare_data
from cellclf.pipeline.work import Work
from cellclf.progress import Silent
from cellclf.registry import installed
from cellclf.run_directory import RunDirectory

if TYPE_CHECKING:
    from cellclf.inference.classifier import Classifier

__all__ = ["CellClassifier"]

SPLIT = {"train": 0.75, "validation": 0.1, "calibration": 0.1, "test": 0.05}
"""Whoever uses an estimator holds images back to judge it on: few are set aside here."""

LABEL = "model"


class EstimatorInputError(DataError, ValueError):
    """Images or labels that an estimator cannot use: scikit-learn's tools expect a ValueError."""


class CellClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A scikit-learn classifier of cell images.

    `fit` divides the images into parts, balances and augments, trains and calibrates as
    `cellclf.run` does, without its report. It works with `cross_val_score`, `GridSearchCV`,
    `Pipeline` and `clone`, and can be pickled; its pickle holds the bundle.

    Args:
        model: Name of an architecture plugin.
        params: Parameters of the architecture.
        image_size: Height and width, in pixels, that images are brought to.
        epochs: Passes over the images.
        seed: Decides every random choice.
        settings: Any other tables of an experiment, such as `{"training": {"batch_size": 64}}`.

    Attributes:
        classes_: Labels as they were given, sorted, shape `(k,)`.
        bundle_: The trained model, as the bytes of its bundle.

    Example:
        >>> CellClassifier(epochs=5).set_params(seed=1)
        CellClassifier(epochs=5, seed=1)
    """

    def __init__(
        self,
        model: str = "custom_cnn",
        *,
        params: Mapping[str, Any] | None = None,
        image_size: int = 128,
        epochs: int = 100,
        seed: int = 0,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.params = params
        self.image_size = image_size
        self.epochs = epochs
        self.seed = seed
        self.settings = settings

    # scikit-learn calls the images X, and passes them by that name.
    def fit(
        self,
        X: ArrayLike,  # noqa: N803
        y: ArrayLike,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train on images.

        Args:
            X: `uint8`, RGB, `(n, height, width, 3)`.
            y: Label of each, `(n,)`, texts or whole numbers.
            groups: What each image may not be parted from, `(n,)`, such as its patient.

        Raises:
            DataError: No such images or labels (then a ValueError too, as scikit-learn's tools
                expect), or too few to be divided.
            ExperimentError: A parameter that cannot be used; every reason is named.
            TrainingError: Training diverged.
        """
        images = _images(X)
        labels = _labels(y, number=len(images))
        try:
            classes, numbers = np.unique(labels, return_inverse=True)
        except TypeError as error:  # of several kinds, such as None among texts
            raise EstimatorInputError(
                f"`y` must be all texts or all whole numbers. Received: {error}"
            ) from error
        if len(classes) < 2:
            raise EstimatorInputError(
                "`y` must hold two classes or more. "
                f"Received: {len(classes)} class, {classes.tolist()}"
            )
        names = _names(classes)
        arrays: dict[str, Any] = {"images": images, "labels": np.array(names)[numbers]}
        if groups is not None:
            arrays["groups"] = _groups(groups, number=len(images))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "cells.npz"
            np.savez(file, **arrays)
            bundle = self._trained(file, RunDirectory(Path(folder) / "run"))
        # Both at once: where training fails, what was fitted before is still whole.
        self.classes_, self.bundle_ = classes, bundle
        self._loaded: Classifier | None = None
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """Return the most probable label of each image, `(n,)`.

        Args:
            X: `uint8`, RGB, `(n, height, width, 3)`.
        """
        likeliest = self.predict_proba(X).argmax(axis=1)
        chosen: NDArray[Any] = self.classes_[likeliest]
        return chosen

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:  # noqa: N803
        """Return the probability of each label of `classes_`, `(n, k)`; rows sum to 1.

        They are calibrated where there were enough images for that.

        Args:
            X: `uint8`, RGB, `(n, height, width, 3)`.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The array holds no images; it is a ValueError too.
        """
        classifier = self.classifier_
        images = _images(X)
        order = [classifier.classes.index(name) for name in _names(self.classes_)]
        return classifier.predict_proba(images)[:, order]

    @property
    def classifier_(self) -> Classifier:
        """The trained model, loaded: see `cellclf.Classifier`."""
        check_is_fitted(self, "bundle_")
        if self._loaded is None:
            from cellclf.inference.loading import load_bundles

            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / f"{LABEL}.safetensors"
                file.write_bytes(self.bundle_)
                self._loaded = load_bundles(file)
        return self._loaded

    def _trained(self, file: Path, directory: RunDirectory) -> bytes:
        """Train on a file of arrays, and return the bundle."""
        planned = plan(
            laid_over(
                {
                    "data": {
                        "dataset": "cellclf/arrays",
                        "path": str(file),
                        "image_size": self.image_size,
                        "split": SPLIT,
                    },
                    "models": {LABEL: {"use": self.model, "params": dict(self.params or {})}},
                    "training": {"epochs": self.epochs},
                    "seed": self.seed,
                },
                self.settings or {},
            ),
            installed(),
        )
        prepared = prepare_data(planned, Silent())
        # Imported here: it imports Keras, which a wrong parameter should not cost.
        from cellclf.pipeline.train import train

        train(
            LABEL,
            Work(plan=planned, prepared=prepared, directory=directory, progress=Silent()),
        )
        return directory.bundle(LABEL).read_bytes()

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        # A network is rebuilt from its bundle rather than pickled.
        return {name: None if name == "_loaded" else value for name, value in state.items()}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


def _images(given: ArrayLike) -> NDArray[np.uint8]:
    try:
        return checked_images(np.asarray(given))
    except DataError as error:
        raise EstimatorInputError(str(error)) from error


def _names(classes: NDArray[Any]) -> list[str]:
    """The classes as the bundle calls them."""
    names = [str(label) for label in classes]
    if len(set(names)) < len(names) or "" in names:
        raise EstimatorInputError(f"labels must read differently. Received: {classes.tolist()}")
    return names


def _groups(given: ArrayLike, *, number: int) -> NDArray[np.str_]:
    groups = np.asarray(given).astype(str)
    if groups.shape != (number,):
        raise EstimatorInputError(
            f"`groups` must name one group for each image, shape ({number},). "
            f"Received: shape {groups.shape}"
        )
    return groups


def _labels(given: ArrayLike | None, *, number: int) -> NDArray[Any]:
    """One label for each image; a column of a table is taken for a list, with a warning."""
    if given is None:
        raise EstimatorInputError(
            "CellClassifier requires y to be passed, but the target y is None"
        )
    labels = np.asarray(given)
    if labels.shape == (number, 1):
        labels = column_or_1d(labels, warn=True)
    whole = labels.dtype.kind in "iuUOb" or (
        # As pandas reads a column of numbers in which something was missing once.
        labels.dtype.kind == "f"
        and bool((np.isfinite(labels) & (labels == np.floor(labels))).all())
    )
    if labels.shape != (number,) or not whole:
        raise EstimatorInputError(
            f"Unknown label type: `y` must be texts or whole numbers, shape ({number},). "
            f"Received: {labels.dtype} of shape {labels.shape}"
        )
    return labels
