"""That an engine gives what Keras gives: measured before it is used."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from cellclf.engines.engine import Engine
from cellclf.errors import EngineError
from cellclf.network.outputs import Outputs

__all__ = ["IMAGES", "LARGEST_DIFFERENCE", "Proof", "compared", "made_images", "prove"]

LARGEST_DIFFERENCE = 1e-4
"""Most that a probability may differ from that of Keras."""

LARGEST_OF_FEATURES = 1e-3
"""Most that a feature may differ, as a share of the largest: the outlier score comes from them."""

IMAGES = 32
"""Images of the proof. They are made: whoever loads a model need not have any."""

COARSEST, FINEST = 2, 32
"""Points along each side between which the colours of a made image are interpolated."""


class Proof(BaseModel):
    """How far an engine is from Keras.

    Example:
        >>> Proof(engine="openvino", images=32, probabilities=4e-7, features=1e-6).holds
        True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str = Field(description="Which engine.")
    images: int = Field(ge=1, description="How many images both have looked at.")
    probabilities: float = Field(ge=0, description="Largest difference of a probability.")
    features: float = Field(
        ge=0, description="Largest difference of a feature, as a share of the largest feature."
    )

    @property
    def holds(self) -> bool:
        """Whether the differences are small enough for the engine to be used."""
        return self.probabilities <= LARGEST_DIFFERENCE and self.features <= LARGEST_OF_FEATURES


def made_images(size: int, number: int = IMAGES, *, seed: int = 0) -> NDArray[np.uint8]:
    """Return images of soft and hard colours, from nearly flat to fine noise.

    Args:
        size: Height and width in pixels.
        number: How many.
        seed: Decides what they show.

    Returns:
        `uint8` RGB, `(number, size, size, 3)`.
    """
    rng = np.random.default_rng(seed)
    images = np.empty((number, size, size, 3), np.uint8)
    for row in range(number):
        points = int(rng.integers(COARSEST, FINEST + 1))
        low, high = np.sort(rng.uniform(0, 255, (2, 3)), axis=0)
        coarse = rng.uniform(low, high, (points, points, 3)).astype(np.float32)
        images[row] = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR)
    return images


def compared(name: str, reference: Outputs, given: Outputs) -> Proof:
    """Return how far what an engine gave is from what Keras gave for the same images.

    Raises:
        EngineError: The engine gave arrays of other shapes, or something that is no number.
    """
    pairs = (
        ("probabilities", reference.probabilities, given.probabilities),
        ("features", reference.features, given.features),
    )
    differences = {}
    for what, expected, found in pairs:
        if found.shape != expected.shape or not np.isfinite(found).all():
            raise EngineError(
                f"engine {name!r} must give finite {what} of shape {expected.shape}. "
                f"Received: shape {found.shape}"
            )
        differences[what] = float(np.abs(found - expected).max(initial=0.0))
    scale = float(np.abs(reference.features).max(initial=0.0)) or 1.0
    return Proof(
        engine=name,
        images=len(reference.probabilities),
        probabilities=differences["probabilities"],
        features=differences["features"] / scale,
    )


def prove(engine: Engine, reference: Engine, images: NDArray[np.uint8]) -> Proof:
    """Compare an engine with the reference, all images at once and the first by itself.

    Args:
        engine: What is to be proven.
        reference: Keras.
        images: `uint8` RGB, `(n, size, size, 3)`.

    Raises:
        EngineError: It gives other numbers, or none.
    """
    expected = reference(images)
    alone = engine(images[:1])
    proof = compared(engine.name, expected, engine(images))
    first = Outputs(probabilities=expected.probabilities[:1], features=expected.features[:1])
    for found in (proof, compared(engine.name, first, alone)):
        if not found.holds:
            raise EngineError(
                f"engine {engine.name!r} must give what Keras gives. Received: probabilities that "
                f"differ by up to {found.probabilities:.1e} (at most {LARGEST_DIFFERENCE:g}), "
                f"features by up to {found.features:.1e} of the largest (at most "
                f"{LARGEST_OF_FEATURES:g}). Use --engine keras"
            )
    return proof
