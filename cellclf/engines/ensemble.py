"""Several networks as one engine: what they say of an image, averaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cellclf.engines.engine import Engine
from cellclf.network.outputs import Outputs

__all__ = ["Averaged"]

Meaning = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""What probabilities of a network mean, `(n, k)` to `(n, k)`: its calibration."""


class Averaged:
    """An engine that gives the mean of what several give, of the same classes in the same order.

    Probabilities are averaged after each network's own calibration: before, one that is too sure
    would count for more. Features are those of the first: others' mean something else.

    Args:
        members: Engines, each with what its probabilities mean.
    """

    def __init__(self, members: Sequence[tuple[Engine, Meaning]]) -> None:
        engines = [engine for engine, _ in members]
        self.name = " + ".join(dict.fromkeys(engine.name for engine in engines))
        self.batch_size = min(engine.batch_size for engine in engines)
        self._members = tuple(members)

    def __call__(self, images: NDArray[np.uint8]) -> Outputs:
        """Look at images with one network after another."""
        seen = [engine(images) for engine, _ in self._members]
        meant = [
            meaning(outputs.probabilities)
            for (_, meaning), outputs in zip(self._members, seen, strict=True)
        ]
        mean: NDArray[np.float64] = np.asarray(meant, np.float64).mean(axis=0)
        return Outputs(
            probabilities=mean.astype(np.float32),
            features=seen[0].features,
        )
