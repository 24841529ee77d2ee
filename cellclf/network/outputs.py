"""What a network says about images, as arrays; imports no Keras."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from cellclf.errors import BundleError

__all__ = [
    "BATCH_SIZE",
    "FEATURES",
    "LOGITS",
    "OUTLIER_SCORE",
    "PROBABILITIES",
    "Outputs",
    "at_once",
]

BATCH_SIZE = 64
"""Images that are looked at together, where nothing better was measured."""

PIXELS_AT_ONCE = BATCH_SIZE * 512 * 512
"""Larger images than 512 x 512 are fewer at a time, so that they take no more memory."""

LOGITS, FEATURES = "logits", "features"
"""What a network gives, by name; its layer `features` gives what the head sees."""

PROBABILITIES, OUTLIER_SCORE = "probabilities", "outlier_score"
"""What is made of that, by name."""


def at_once(images: int, height: int, width: int) -> int:
    """Return how many of `images` of a size, in pixels, may be looked at together: at least 1.

    Example:
        >>> at_once(64, 128, 128), at_once(64, 4096, 4096)
        (64, 1)
    """
    return min(images, max(PIXELS_AT_ONCE // (height * width), 1))


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What a network says about `n` images.

    Attributes:
        probabilities: Float32 `(n, classes)`; each row sums to one.
        features: Float32 `(n, f)`, what the network's head sees, flattened; `(n, views, f)` where
            it looked at several views of each image.
    """

    probabilities: NDArray[np.float32]
    features: NDArray[np.float32]

    @classmethod
    def of(cls, logits: NDArray[np.float32], features: NDArray[np.float32]) -> Outputs:
        """Make probabilities of logits.

        Raises:
            BundleError: The network gives no finite numbers.
        """
        if not np.isfinite(logits).all():
            raise BundleError(
                "the network gives NaN or infinity instead of numbers: its weights are damaged, or "
                "its training diverged"
            )
        probabilities = softmax(logits.astype(np.float64), axis=-1).astype(np.float32)
        return cls(probabilities=probabilities, features=features)

    def named(self) -> dict[str, NDArray[np.float32]]:
        """Return both by name."""
        return {PROBABILITIES: self.probabilities, FEATURES: self.features}
