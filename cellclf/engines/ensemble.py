"""Several networks as one engine: what they say of an image, averaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cellclf.engines.engine import Engine
from cellclf.errors import EngineError
from cellclf.network.outputs import Outputs

__all__ = ["Averaged", "engines_named"]

AND = " + "
"""What stands between the names of engines."""

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
        names = [engine.name for engine in engines]
        self.name = names[0] if len(set(names)) == 1 else AND.join(names)
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


def engines_named(name: str, models: int) -> list[str]:
    """Return the engine of each of some models, from what `Averaged.name` calls them.

    Raises:
        EngineError: There are several engines, and another number of models.

    Example:
        >>> engines_named("keras", 2), engines_named("openvino + keras", 2)
        (['keras', 'keras'], ['openvino', 'keras'])
    """
    names = name.split(AND)
    if len(names) not in (1, models):
        raise EngineError(
            f"there must be one engine for all models, or one for each of the {models}. "
            f"Received: {name!r}"
        )
    return names * models if len(names) == 1 else names
