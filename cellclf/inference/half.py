"""A bundle of about half the size: its kernels in float16, held against the original."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.engines.engine import KERAS
from cellclf.engines.proof import made_images
from cellclf.errors import BundleError, DataError, LeakageWarning, RunError
from cellclf.evaluation.predictions import UNIDENTIFIED, probabilities
from cellclf.files import replacing, require_writable
from cellclf.inference.bundle import read_bundle, write_bundle
from cellclf.inference.classifier import Classifier
from cellclf.inference.finding import find_inputs
from cellclf.inference.inputs import Inputs, PathLike
from cellclf.inference.loading import load_bundles
from cellclf.inference.locate import find_bundle
from cellclf.progress import Progress, Silent
from cellclf.registry import Registry, installed

__all__ = ["Difference", "HalfBundle", "half_bundle", "halved"]

SUFFIX = ".safetensors"

ORIGINAL = "float32_bundle"
"""The entry of a manifest's fingerprints that holds the hash of the bundle it was made from."""

MOST_OF_PROBABILITIES = 0.01
"""Most that a probability may differ from that of the original."""

MOST_OF_MARKS = 0.005
"""Share of images whose mark, for review or as none of the classes, may differ: of those that stand
right at a threshold."""

LEAST_IMAGES = 200
"""Fewer images say nothing of such a share; one mark may then differ."""

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far a model's answers are from those of the original.

    Attributes:
        images: How many images both have looked at.
        probability: Largest difference of a probability.
        classes: Images whose likeliest class is another.
        refusals: Images that one calls none of the classes, and the other does not.
        reviews: Images that one leaves to a person, and the other does not.
    """

    images: int
    probability: float
    classes: int
    refusals: int
    reviews: int

    @classmethod
    def between(cls, original: pd.DataFrame, given: pd.DataFrame) -> Difference:
        """Compare two tables of predictions of the same images."""
        away = np.abs(probabilities(original).astype(np.float64) - probabilities(given))
        refused = [one["predicted"] == UNIDENTIFIED for one in (original, given)]
        review = [one["review"].fillna(value=False).astype(bool) for one in (original, given)]
        return cls(
            images=len(original),
            probability=float(away.max(initial=0.0)),
            classes=int((original["top_class"] != given["top_class"]).sum()),
            refusals=int((refused[0] != refused[1]).sum()),
            reviews=int((review[0] != review[1]).sum()),
        )

    @property
    def small(self) -> bool:
        """Whether the answers are the same but for rounding."""
        marks = max(MOST_OF_MARKS * max(self.images, LEAST_IMAGES), 1)
        return (
            self.probability <= MOST_OF_PROBABILITIES
            and not self.classes
            and max(self.refusals, self.reviews) <= marks
        )

    def __str__(self) -> str:
        return (
            f"probabilities that differ by up to {self.probability:.1e} (at most "
            f"{MOST_OF_PROBABILITIES:g}); another class for {self.classes:,}, refused or not for "
            f"{self.refusals:,}, for review or not for {self.reviews:,}"
        )


@dataclass(frozen=True, kw_only=True)
class HalfBundle:
    """A bundle that was written smaller.

    Attributes:
        path: The bundle.
        sha256: Hash of the file, hexadecimal.
        original: The bundle that it was made from.
        made_images: How far it is from that on images that are made.
        given_images: The same on images that were given; `None` where none were.
    """

    path: Path
    sha256: str
    original: Path
    made_images: Difference
    given_images: Difference | None

    def summary(self) -> str:
        """Say how large it is, and how far its answers are from those of the original."""
        before, after = (path.stat().st_size for path in (self.original, self.path))
        lines = [
            f"{after:,} bytes of {before:,}, held against {self.original}",
            f"  {self.made_images.images:,} made images: {self.made_images}",
        ]
        if self.given_images is None:
            lines.append("  No images of yours were looked at: --images names some")
        else:
            lines.append(f"  {self.given_images.images:,} given images: {self.given_images}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Return what was written, and how far its answers are, as plain values."""
        return {
            "path": str(self.path),
            "sha256": self.sha256,
            "bytes": self.path.stat().st_size,
            "original": str(self.original),
            "made_images": asdict(self.made_images),
            "given_images": None if self.given_images is None else asdict(self.given_images),
        }


def halved(weights: Arrays) -> dict[str, NDArray[Any]]:
    """Return weights with every kernel in float16.

    What has one dimension, such as biases and what normalises, stays as it is: it is next to
    nothing of the size, and small variances would lose the most.

    Args:
        weights: Arrays by path of the variable.

    Raises:
        BundleError: A number is too large for float16.

    Example:
        >>> {name: str(array.dtype) for name, array in halved(
        ...     {"kernel": np.ones((2, 2), np.float32), "bias": np.ones(2, np.float32)}
        ... ).items()}
        {'kernel': 'float16', 'bias': 'float32'}
    """
    largest = float(np.finfo(np.float16).max)
    found: dict[str, NDArray[Any]] = {}
    for name, array in weights.items():
        kernel = array.ndim > 1 and array.dtype == np.float32
        if kernel and float(np.abs(array).max(initial=0.0)) > largest:
            raise BundleError(f"weight {name!r} must be at most {largest:g} to fit into float16")
        found[name] = array.astype(np.float16) if kernel else array
    return found


def half_bundle(
    where: PathLike,
    out: PathLike,
    *,
    images: PathLike | Iterable[PathLike] | None = None,
    registry: Registry | None = None,
    before_network: Callable[[], None] | None = None,
    progress: Progress | None = None,
) -> HalfBundle:
    """Write a bundle whose kernels are float16: about half the size, the same answers.

    Calibration, thresholds and what tells outliers are kept as they are. The new bundle is held
    against the original before it appears, and its manifest names the original's hash.

    Args:
        where: What `cellclf.load` takes, one model.
        out: A `.safetensors` file that is not there yet.
        images: Images to hold it against the original on, beside made ones.
        registry: Where the architecture is looked for; the installed plugins by default.
        before_network: Called before Keras is imported; see `cellclf.load`.
        progress: Told of each step.

    Raises:
        BundleError: There is no such model, it has nothing to make smaller, or its answers would
            be others.
        DataError: Some of `images` do not exist or cannot be read.
        RunError: `out` is there already, or cannot be written to.
    """
    place, listener = Path(out), progress or Silent()
    _require_free(place)
    inputs = Inputs([]) if images is None else find_inputs(images)
    plugins = registry or installed()
    original = find_bundle(where, registry=plugins, progress=progress)
    bundle = read_bundle(original)
    weights = halved(bundle.weights)
    if not any(weights[name].dtype != array.dtype for name, array in bundle.weights.items()):
        raise BundleError(f"{original} must hold kernels in float32 to be halved. Received: none")
    prints = {**bundle.manifest.fingerprints, ORIGINAL: bundle.sha256}
    with replacing(place) as draft:
        sha256 = write_bundle(
            draft,
            bundle.manifest.model_copy(update={"fingerprints": prints}),
            weights,
            decision=bundle.decision,
            outliers=bundle.outliers,
            trained=bundle.trained,
            usual=bundle.usual,
        )
        first, second = (
            load_bundles(path, engine=KERAS, registry=plugins, before_network=before_network)
            for path in (original, draft)
        )
        made = made_images(first.image_size)
        on_made = Difference.between(_answers(first, made), _answers(second, made))
        on_given = _on_given(first, second, inputs, listener) if len(inputs) else None
        for difference in filter(None, (on_made, on_given)):
            if not difference.small:
                raise BundleError(
                    f"{original} loses too much in float16 and is left as it is. Of "
                    f"{difference.images:,} images: {difference}"
                )
    return HalfBundle(
        path=place,
        sha256=sha256,
        original=original,
        made_images=on_made,
        given_images=on_given,
    )


def _require_free(place: Path) -> None:
    if place.suffix != SUFFIX:
        raise RunError(f"a bundle must be a {SUFFIX} file. Received: {place}")
    if place.exists() or place.is_symlink():
        raise RunError(f"{place} is there already: give another name, or remove it")
    require_writable(place.parent)


def _answers(classifier: Classifier, images: NDArray[np.uint8]) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeakageWarning)  # nothing is judged here
        return classifier.predict(images)


def _on_given(
    original: Classifier, given: Classifier, inputs: Inputs, progress: Progress
) -> Difference:
    tables = []
    for classifier in (original, given):
        classified = classifier.classify(inputs, progress=progress)
        for path, reason in classified.unreadable.items():
            raise DataError(f"`images` must be readable. Received: {path}: {reason}")
        tables.append(classified.table)
    return Difference.between(*tables)
