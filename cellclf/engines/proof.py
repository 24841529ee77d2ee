"""That a runtime gives what Keras gives: measured before it is used, or handed out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from cellclf.engines.engine import Engine
from cellclf.errors import CellclfError, EngineError
from cellclf.network.outputs import FEATURES, OUTLIER_SCORE, PROBABILITIES, Outputs, at_once

__all__ = [
    "IMAGES",
    "LARGEST_DIFFERENCE",
    "Answers",
    "Proof",
    "agreed",
    "compared",
    "differing",
    "made_images",
    "prove",
]

Answers = Mapping[str, NDArray[np.float32]]
"""What is said of `n` images: arrays `(n, ...)` by name, of those in `LIMITS`."""

LARGEST_DIFFERENCE = 1e-4
"""Most that a probability may differ from that of Keras."""

LARGEST_OF_FEATURES = 1e-3
"""Most that a feature may differ, as a share of the largest: the outlier score comes from them."""

LARGEST_OF_SCORES = 1e-3
"""Most that an outlier score may differ, as a share of itself, or of 1 where that is more."""

IMAGES = 32
"""Images of the proof. They are made: whoever loads a model need not have any."""

COARSEST, FINEST = 2, 32
"""Points along each side between which the colours of a made image are interpolated."""

LIMITS: Mapping[str, tuple[float, Literal["itself", "largest", "share"]]] = {
    PROBABILITIES: (LARGEST_DIFFERENCE, "itself"),
    FEATURES: (LARGEST_OF_FEATURES, "largest"),
    OUTLIER_SCORE: (LARGEST_OF_SCORES, "share"),
}
"""How much each may differ: the difference itself, as a share of the largest number, or as a share
of the number that it should have been."""

PLURALS = {OUTLIER_SCORE: "outlier scores"}


class Proof(BaseModel):
    """How far a runtime is from Keras.

    Example:
        >>> Proof(engine="openvino", images=32, probabilities=4e-7, features=1e-6).holds
        True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str = Field(description="Which engine, or which format.")
    images: int = Field(ge=1, description="How many images both have looked at.")
    probabilities: float = Field(ge=0, description="Largest difference of a probability.")
    features: float | None = Field(
        None,
        ge=0,
        description="Largest difference of a feature, as a share of the largest feature.",
    )
    outlier_score: float | None = Field(
        None,
        ge=0,
        description="Largest difference of an outlier score, as a share of it, or of 1 if more.",
    )

    @property
    def differences(self) -> dict[str, float]:
        """Those that were measured, by what differs."""
        found = {name: getattr(self, name) for name in LIMITS}
        return {name: difference for name, difference in found.items() if difference is not None}

    @property
    def holds(self) -> bool:
        """Whether the differences are small enough."""
        return all(found <= LIMITS[name][0] for name, found in self.differences.items())

    def joined(self, other: Proof) -> Proof:
        """Return what holds of the images of both together; both compared the same."""
        worst = {
            name: max(found, other.differences[name]) for name, found in self.differences.items()
        }
        return Proof(engine=self.engine, images=self.images + other.images, **worst)

    def __str__(self) -> str:
        shares = {"itself": "", "largest": " of the largest", "share": " of it"}
        return "; ".join(
            f"{PLURALS.get(what, what)} that differ by up to {found:.1e}{shares[LIMITS[what][1]]} "
            f"(at most {LIMITS[what][0]:g})"
            for what, found in self.differences.items()
        )


def made_images(size: int, number: int = IMAGES, *, seed: int = 0) -> NDArray[np.uint8]:
    """Return images of soft and hard colours, from nearly flat to fine noise.

    Args:
        size: Height and width in pixels.
        number: How many; fewer where they are large.
        seed: Decides what they show.

    Returns:
        `uint8` RGB, `(number, size, size, 3)`.
    """
    number = at_once(number, size, size)
    rng = np.random.default_rng(seed)
    images = np.empty((number, size, size, 3), np.uint8)
    for row in range(number):
        points = int(rng.integers(COARSEST, FINEST + 1))
        low, high = np.sort(rng.uniform(0, 255, (2, 3)), axis=0)
        coarse = rng.uniform(low, high, (points, points, 3)).astype(np.float32)
        images[row] = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR)
    return images


def differing(name: str, reference: Answers, given: Answers) -> Proof:
    """Return how far what a runtime gave is from what Keras gave for the same images.

    Args:
        name: What the runtime, or the format, is called.
        reference: What Keras gave.
        given: What is compared with it; it may hold more.

    Raises:
        EngineError: Something is missing, of another shape, or no number.
    """
    differences = {}
    for what, expected in reference.items():
        found = given.get(what)
        if found is None or found.shape != expected.shape or not np.isfinite(found).all():
            received = f"names {', '.join(given)}" if found is None else f"shape {found.shape}"
            raise EngineError(
                f"{name!r} must give finite {what} of shape {expected.shape}. Received: {received}"
            )
        differences[what] = _difference(what, expected, found)
    return Proof(engine=name, images=len(reference[PROBABILITIES]), **differences)


def compared(name: str, reference: Outputs, given: Outputs) -> Proof:
    """Return how far what an engine gave is from what Keras gave, as `differing` does."""
    return differing(name, reference.named(), given.named())


def agreed(
    name: str,
    run: Callable[[NDArray[np.uint8]], Answers],
    reference: Callable[[NDArray[np.uint8]], Answers],
    images: NDArray[np.uint8],
) -> Proof:
    """Compare a runtime with the reference, all images at once and the first by itself.

    Args:
        name: What the runtime, or the format, is called.
        run: What is to be proven.
        reference: What Keras gives.
        images: `uint8` RGB, `(n, size, size, 3)`.

    Raises:
        EngineError: It gives other numbers, or none.
    """
    expected = reference(images)
    try:
        alone = run(images[:1])
        given = run(images)
    except CellclfError:
        raise
    except Exception as error:
        said = (str(error).strip().splitlines() or [""])[0]
        raise EngineError(f"{name!r} cannot compute: {type(error).__name__}: {said}") from error
    proof = differing(name, expected, given)
    first = {what: array[:1] for what, array in expected.items()}
    for found in (proof, differing(name, first, alone)):
        if not found.holds:
            raise EngineError(f"{name!r} must give what Keras gives. Received: {found}")
    return proof


def prove(engine: Engine, reference: Engine, images: NDArray[np.uint8]) -> Proof:
    """Compare an engine with the reference, all images at once and the first by itself.

    Args:
        engine: What is to be proven.
        reference: Keras.
        images: `uint8` RGB, `(n, size, size, 3)`.

    Raises:
        EngineError: It gives other numbers, or none.
    """
    try:
        return agreed(
            engine.name,
            lambda some: engine(some).named(),
            lambda some: reference(some).named(),
            images,
        )
    except EngineError as error:
        raise EngineError(f"engine {error}. Use --engine keras") from error


def _difference(what: str, expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    away = np.abs(found.astype(np.float64) - expected)
    kind = LIMITS[what][1]
    if kind == "share":
        away = away / np.maximum(np.abs(expected), 1.0)
    elif kind == "largest":
        away = away / (float(np.abs(expected).max(initial=0.0)) or 1.0)
    return float(away.max(initial=0.0))
