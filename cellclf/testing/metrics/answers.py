"""Made answers of a classifier, for a metric to measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLASSES", "SAMPLES", "SEEDS", "Answers", "answers", "perfect"]

CLASSES = ("round", "long", "star", "drop")
"""In an order that is not that of the alphabet."""

SAMPLES = 60

SEEDS = range(5)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What is known of samples, and what was said of them.

    Attributes:
        truth: Class numbers, `(n,)`.
        said: Probabilities, float32 `(n, k)`.
        classes: The `k` class names.
    """

    truth: NDArray[np.intp]
    said: NDArray[np.float32]
    classes: tuple[str, ...] = CLASSES

    def at(self, rows: NDArray[np.intp]) -> Answers:
        """Return some of them, in the order given."""
        return Answers(truth=self.truth[rows], said=self.said[rows], classes=self.classes)


def answers(seed: int = 0, *, skill: float = 1.0) -> Answers:
    """Return answers that are right more often than not, each class having some samples."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(SAMPLES) % len(CLASSES))
    logits = rng.normal(size=(SAMPLES, len(CLASSES)))
    logits[np.arange(SAMPLES), truth] += skill
    said = np.exp(logits)
    said /= said.sum(axis=1, keepdims=True)
    return Answers(truth=truth, said=said.astype(np.float32))


def perfect(*, shifted: int = 0) -> Answers:
    """Return answers that are sure, and right, or wrong where they are shifted."""
    truth = np.arange(SAMPLES) % len(CLASSES)
    said = np.eye(len(CLASSES), dtype=np.float32)[(truth + shifted) % len(CLASSES)]
    return Answers(truth=truth, said=said)
