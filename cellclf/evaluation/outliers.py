"""How unlike the training images an image is, and from where on it is none of the classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from cellclf.errors import DataError

__all__ = ["REFUSED", "OutlierScores", "Refusal", "refused_too_many"]

Floats = NDArray[np.float64]

REFUSED = 0.05
"""Share of the cells of known classes that may be refused, unless the user asks for another."""

DIRECTIONS = 64
"""Directions of the features in which distances are measured one by one."""

SAMPLES_A_DIRECTION = 4
"""Training images that it takes for each of them, beside one for each class."""

LEAST_SPREAD = 1e-3
"""Smallest spread that is believed: of a feature, in those of the one that varies most; and within
the classes, in that over all of them."""

ALONE = 1 << 18
"""Multiplications up to which OpenBLAS computes a product of matrices in the calling thread."""

KEPT = ("means", "scales", "directions", "variances", "rest")
"""Names of what is kept."""

RISK = 0.01
"""Of saying that too many cells are refused, where no more are than may be."""


@dataclass(frozen=True, kw_only=True)
class OutlierScores:
    r"""Distance of features from those of the training images, in units of their own spread.

    The Mahalanobis distance to the nearest mean of a class, with one covariance for all classes
    (Lee et al., 2018): $\sqrt{d^2 / f}$ of $f$ features, about 1 for a training image. The
    covariance is that of probabilistic principal components (Tipping and Bishop, 1999): some
    directions are measured one by one, all others share one variance. So it is small to keep, and
    can be had from fewer images than there are features.

    Attributes:
        means: Mean of each class that the training images have, `(c, f)`, in units of `scales`.
        scales: Spread of each feature, `(f,)`, more than 0.
        directions: `(f, d)`, orthonormal.
        variances: Variance along each of them, `(d,)`, more than 0.
        rest: Variance along any other direction, more than 0.
    """

    means: Floats
    scales: Floats
    directions: Floats
    variances: Floats
    rest: float

    @classmethod
    def fitted(cls, features: ArrayLike, labels: ArrayLike) -> OutlierScores | None:
        """Fit them to training images as they are, without augmentation.

        Args:
            features: What the network's head sees of each image, `(n, f)`.
            labels: Class number of each, `(n,)`.

        Returns:
            `None` where there are too few images, or features that hardly differ.

        Example:
            >>> rng = np.random.default_rng(0)
            >>> scores = OutlierScores.fitted(rng.normal(size=(500, 8)), np.arange(500) % 2)
            >>> scores.of(np.stack([np.zeros(8), np.full(8, 9.0)])).round().tolist()
            [0.0, 9.0]
        """
        seen = np.asarray(features, dtype=np.float64)
        sound = np.isfinite(seen).all(axis=1)
        seen = seen[sound]
        present, numbers = np.unique(np.asarray(labels)[sound], return_inverse=True)
        count, width = seen.shape
        freedom = count - len(present)
        kept = min(DIRECTIONS, width - 1, freedom // SAMPLES_A_DIRECTION)
        spread = seen.std(axis=0) if count else np.zeros(width)
        if kept < 1 or not spread.max() > 0:
            return None
        scales = spread + LEAST_SPREAD * spread.max()
        scaled = seen / scales
        means = np.stack([scaled[numbers == number].mean(axis=0) for number in range(len(present))])
        away = scaled - means[numbers]
        # Imported here: it takes a fifth of a second, and a prediction fits nothing.
        from sklearn.decomposition import PCA

        directions = PCA(kept, random_state=0).fit(away).components_.T
        variances = ((away @ directions) ** 2).sum(axis=0) / freedom
        if not variances[0] > LEAST_SPREAD**2:
            return None
        # Over all other directions, those too that few images cannot show: as Tipping and Bishop.
        rest = ((away**2).sum() / freedom - variances.sum()) / (width - kept)
        # A direction in which nothing was ever seen to move is as wide as one that hardly did.
        floor = float(np.finfo(np.float32).eps * variances[0])
        return cls(
            means=means,
            scales=scales,
            directions=directions,
            variances=np.maximum(variances, floor),
            rest=max(float(rest), floor),
        )

    def of(self, features: ArrayLike) -> NDArray[np.float32]:
        """Return the distance of each image, `(n,)`, 0 or more, from its features, `(n, f)`.

        Of features of several views of each image, `(n, views, f)`, it is the mean over the views.
        Features that are no finite numbers are infinitely far.

        Raises:
            DataError: The features are of another width.
        """
        seen = np.asarray(features, dtype=np.float64)
        if seen.ndim == 3:
            number, views, width = seen.shape
            each = self.of(seen.reshape(-1, width)).reshape(number, views)
            return np.asarray(each.mean(axis=1), dtype=np.float32)
        if seen.ndim != 2 or seen.shape[1] != len(self.scales):
            raise DataError(
                f"`features` must have shape (n, {len(self.scales)}). Received: shape {seen.shape}"
            )
        sound = np.asarray(np.isfinite(seen).all(axis=1))
        scaled = np.where(sound[:, None], seen, 0.0) / self.scales
        projected = _projected(scaled, self.directions)
        nearest = np.full(len(seen), np.inf)
        for mean, centre in zip(self.means, _projected(self.means, self.directions), strict=True):
            away, along = scaled - mean, projected - centre
            beside = np.maximum((away**2).sum(axis=1) - (along**2).sum(axis=1), 0.0)
            squared = (along**2 / self.variances).sum(axis=1) + beside / self.rest
            nearest = np.minimum(nearest, squared)
        nearest[~sound] = np.inf
        return np.asarray(np.sqrt(nearest / len(self.scales)), dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return all of it by name, as a bundle keeps it."""
        kept = {
            "means": self.means,
            "scales": self.scales,
            "directions": self.directions,
            "variances": self.variances,
            "rest": np.array([self.rest]),
        }
        return {name: np.ascontiguousarray(array, np.float32) for name, array in kept.items()}

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[Any]]) -> OutlierScores:
        """Put together again what `arrays` gave.

        Raises:
            DataError: Something is missing, does not fit the rest, or is no variance.
        """
        for name in KEPT:
            if name not in arrays:
                raise DataError(f"{name!r} is missing")
        for name in arrays:
            if name not in KEPT:
                raise DataError(f"{name!r} has no place among what tells outliers")
        kept = {name: array.astype(np.float64) for name, array in arrays.items()}
        width, number = kept["scales"].size, kept["variances"].size
        shapes = {
            "scales": (width,),
            "directions": (width, number),
            "variances": (number,),
            "rest": (1,),
        }
        for name, shape in shapes.items():
            if kept[name].shape != shape:
                raise DataError(f"{name!r} must have shape {shape}. Received: {kept[name].shape}")
        means = kept["means"]
        if means.ndim != 2 or means.shape[1] != width or not len(means):
            raise DataError(f"'means' must have shape (classes, {width}). Received: {means.shape}")
        for name in ("scales", "variances", "rest"):
            if not (kept[name] > 0).all():
                raise DataError(f"{name!r} must be more than 0")
        return cls(
            means=means,
            scales=kept["scales"],
            directions=kept["directions"],
            variances=kept["variances"],
            rest=float(kept["rest"][0]),
        )

    def rounded(self) -> OutlierScores:
        """Return them as they come back from a file, so that a run and its bundle score alike."""
        return self.read(self.arrays())


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """From which outlier score on a cell is none of the classes.

    Attributes:
        share: Share of the cells of known classes that may be refused.
        threshold: Largest score that is not refused.
        samples: How many cells it was chosen on.
    """

    share: float
    threshold: float
    samples: int

    @classmethod
    def fitted(cls, scores: ArrayLike, *, share: float = REFUSED) -> Refusal | None:
        """Choose it on cells of known classes that nothing was fitted to.

        Of new cells like those, at most `share` are refused on average, whatever the network: each
        place of a new score among theirs is as likely (Vovk, Gammerman and Shafer, 2005).

        Args:
            scores: Their outlier scores, `(n,)`.
            share: More than 0, less than 1.

        Returns:
            `None` where there are too few cells to promise it, or no scores.

        Example:
            >>> Refusal.fitted(np.arange(99), share=0.05).threshold
            94.0
        """
        known = np.sort(np.asarray(scores, dtype=np.float64))
        place = math.ceil((len(known) + 1) * (1 - share) - 1e-9)
        if place > len(known) or not np.isfinite(known).all():
            return None
        return cls(share=share, threshold=float(known[place - 1]), samples=len(known))

    def refuses(self, scores: ArrayLike) -> NDArray[np.bool_]:
        """Return which cells are refused, `(n,)`; none whose score is missing."""
        return np.asarray(scores, dtype=np.float64) > self.threshold


def _projected(values: Floats, directions: Floats) -> Floats:
    """Rows along some directions, so few at a time that no other thread is asked to help.

    That help is waited for, which takes long where images are being read on all processors.
    """
    rows = max(2, ALONE // max(directions.size, 1))
    starts = range(0, len(values), rows)
    found = [values[start : start + rows] @ directions for start in starts]
    return np.concatenate([np.zeros((0, directions.shape[1])), *found])


def refused_too_many(
    refused: int, cells: int, thresholds: Mapping[str, float], *, of: str = "", asked: int = 1
) -> str:
    """Say that more cells are refused than cells of known classes would be; nothing where not.

    By an exact binomial test against the share that may be refused, at `RISK` over all that are
    asked about (Bonferroni).

    Args:
        refused: Cells that are none of the classes.
        cells: All cells.
        thresholds: What turns probabilities into answers, as a sidecar has it.
        of: Of what the cells are, with a space before it.
        asked: About how many sets of cells this is asked.

    Example:
        >>> refused_too_many(9, 100, {"outlier_share": 0.05})
        ''
        >>> refused_too_many(32, 32, {"outlier_share": 0.05}).partition(", where")[0]
        'Unidentified: 32 of 32 cells are none of the classes'
    """
    share = thresholds.get("outlier_share")
    if share is None or scipy.stats.binom.sf(refused - 1, cells, share) >= RISK / asked:
        return ""
    return (
        f"Unidentified: {refused:,} of {cells:,} cells{of} are none of the classes, where "
        f"{100 * share:g} % of cells of these classes would be. Another kind of image?"
    )
