"""Ways to score how unlike the training images an image is; larger is more unlike.

Nothing here is run by itself: see `confidence.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from cellclf.evaluation.outliers import OutlierScores

Floats = NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a network gives for some images: logits `(n, k)`, features `(n, f)`."""

    logits: Floats
    features: Floats


Score = Callable[[Seen], Floats]


def methods(training: Seen, labels: NDArray[np.intp]) -> dict[str, Score]:
    """Every way, fitted to the training images as they are."""
    return {
        "largest probability (Hendrycks and Gimpel, 2017)": _probability,
        "energy (Liu et al., 2020)": lambda seen: -logsumexp(seen.logits, axis=1),
        "5th nearest neighbour (Sun et al., 2022)": _neighbour(training),
        "rest of principal components": _rest(training),
        "virtual logit (Wang et al., 2022)": _virtual_logit(training),
        "Mahalanobis (Lee et al., 2018), as cellclf has it": _mahalanobis(training, labels),
    }


def _probability(seen: Seen) -> Floats:
    return logsumexp(seen.logits, axis=1) - seen.logits.max(axis=1)


def _neighbour(training: Seen) -> Score:
    def unit(features: Floats) -> Floats:
        return features / np.linalg.norm(features, axis=1, keepdims=True)

    known = NearestNeighbors(n_neighbors=5).fit(unit(training.features))
    return lambda seen: known.kneighbors(unit(seen.features))[0][:, -1]


def _rest(training: Seen) -> Score:
    """Distance from the plane that holds 95 % of the variance of the standardised features."""
    middle, spread = training.features.mean(axis=0), training.features.std(axis=0) + 1e-6
    plane = PCA(0.95).fit((training.features - middle) / spread)

    def score(seen: Seen) -> Floats:
        scaled = (seen.features - middle) / spread
        return np.linalg.norm(scaled - plane.inverse_transform(plane.transform(scaled)), axis=1)

    return score


def _virtual_logit(training: Seen, kept: int = 64) -> Score:
    plane = PCA(kept).fit(training.features)

    def beside(features: Floats) -> Floats:
        away = features - plane.inverse_transform(plane.transform(features))
        return np.linalg.norm(away, axis=1)

    scale = training.logits.max(axis=1).mean() / beside(training.features).mean()
    return lambda seen: scale * beside(seen.features) - logsumexp(seen.logits, axis=1)


def _mahalanobis(training: Seen, labels: NDArray[np.intp]) -> Score:
    scores = OutlierScores.fitted(training.features, labels)
    assert scores is not None
    return lambda seen: scores.of(seen.features)
