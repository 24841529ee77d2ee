"""What an engine is, and the reference: Keras itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from cellclf.network.outputs import Outputs

if TYPE_CHECKING:
    import keras

__all__ = ["KERAS", "Engine", "KerasEngine", "Trained"]

KERAS = "keras"
"""Name of the reference."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A trained network, not necessarily built yet.

    Attributes:
        sha256: Hash of its bundle: what was made from it and kept is found by that.
        name: What messages call it.
        image_size: Height and width in pixels of the images that it takes.
        network: Builds it when first called, which imports Keras, and returns the same one later.
    """

    sha256: str
    name: str
    image_size: int
    network: Callable[[], keras.Model]


class Engine(Protocol):
    """Computes what a trained network says about images.

    Attributes:
        name: What the user calls it.
        batch_size: How many images at a time suit it.
    """

    name: str
    batch_size: int

    def __call__(self, images: NDArray[np.uint8]) -> Outputs:
        """Look at images: `uint8` RGB, `(n, size, size, 3)`, for any `n` of at least 1."""


class KerasEngine:
    """The network as Keras computes it, on whatever backend and device it runs.

    Args:
        network: What `cellclf.network.build.build` gives, with its weights.
    """

    name = KERAS

    def __init__(self, network: keras.Model) -> None:
        # Imported here: an engine that needs no Keras should not pay for it.
        from cellclf.network.forward import Forward

        self._forward = Forward(network)
        self.batch_size = self._forward.batch_size

    def __call__(self, images: NDArray[np.uint8]) -> Outputs:
        """Look at images."""
        return self._forward(images)
