"""Whether new images look unlike those that a model was trained on, in stain, light and focus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from cellclf.errors import DataError

__all__ = ["MEASURES", "Departure", "Drift", "Measure", "UsualLook"]

Floats = NDArray[np.float64]
Side = Literal["lower", "higher"]

QUANTILES = (0.01, 0.5, 0.99)
"""What is kept of each measure: the ends of what is usual, and the middle."""

FEWEST_OF_CLASS = 50
"""Training images below which the hundredth part of a class cannot be told; see `UsualLook`."""

WIDENED = 1.0
"""By how much of its width the range of a class of fewer images is made wider on each side: where
training has ten platelets, other platelets are then no drift (docs/explanation/drift.md)."""

NOTABLE = 0.05
"""Share of images beyond one end of what is usual that is called a drift: five times what there is
in training. By measurement: see docs/explanation/drift.md."""

RISK = 0.05
"""Of calling a drift where the share beyond each end is `NOTABLE`, for all ends together."""

BLOCK = 1 << 14
"""Images that are compared at a time."""

STORED_AS = "stain_and_focus_1"
"""Name of the one array that a bundle keeps. Raise the number when any measure may come out
otherwise: images would be compared with other measures."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure, and how it is spoken of.

    Attributes:
        name: Short, for files.
        lower: What an image is that has less of it.
        higher: What one is that has more.
        unit: In which it is; empty where it is the binary logarithm of a factor.
    """

    name: str
    lower: str
    higher: str
    unit: str = ""


MEASURES: tuple[Measure, ...] = (
    *(
        Measure(
            name=f"{place}_{unit[0].lower()}",
            lower=f"have a {less} {what}",
            higher=f"have a {more} {what}",
            unit=unit,
        )
        for place, what in (("background", "background"), ("stain", "stain (darkest parts)"))
        for unit, less, more in (
            ("L*", "darker", "lighter"),
            ("a*", "greener", "redder"),
            ("b*", "bluer", "yellower"),
        )
    ),
    Measure(name="sharpness", lower="are less sharp", higher="are sharper"),
)
"""In the order of the columns of `cellclf.data.stain_focus.stain_and_focus`."""


class Departure(BaseModel):
    """One way in which images look unlike those of training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measure: str = Field(description="Name of the measure.")
    side: Side = Field(description="Which end of what is usual they pass.")
    share: float = Field(
        description="Share of the images that pass it; of those of training about 1 %."
    )
    at_least: float = Field(description="Lower confidence bound of the share.")
    by: float = Field(
        description="Median distance of these from the middle of the training images of the class "
        "that each is taken for."
    )

    def sentence(self) -> str:
        """Say it in words.

        Example:
            >>> Departure(
            ...     measure="sharpness", side="lower", share=0.98, at_least=0.91, by=2.0
            ... ).sentence()
            '98 % of the images are less sharp than is usual in training (4.0 times off the middle)'
        """
        (measure,) = (one for one in MEASURES if one.name == self.measure)
        words = measure.lower if self.side == "lower" else measure.higher
        far = f"{self.by:.1f} {measure.unit}" if measure.unit else f"{2**self.by:.1f} times"
        part = f"{100 * self.share:.0f} % of the images"
        return f"{part} {words} than is usual in training ({far} off the middle)"


class Drift(BaseModel):
    """What came of comparing new images with those of training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: int = Field(description="How many were compared.")
    departures: tuple[Departure, ...] = Field((), description="The furthest first; often none.")

    def without(self) -> str:
        """Say in words that nothing departs, as far as so many images can tell.

        Example:
            >>> Drift(images=60).without()
            'none found in stain, light and focus of 60 images; what they show is not compared'
        """
        if self.images == 1:
            return "not known; a single image cannot tell"
        return (
            f"none found in stain, light and focus of {self.images:,} images; what they show "
            "is not compared"
        )

    def sentences(self) -> list[str]:
        """Say in words what departs; nothing where nothing does."""
        return [one.sentence() for one in self.departures]


@dataclass(frozen=True, kw_only=True)
class UsualLook:
    """What is usual among the training images: for all, and for those of each class.

    Attributes:
        bands: Quantiles `QUANTILES` of each measure, shape `(k + 1, measures, 3)`: of each class in
            class order, and last of all. A class of few images has the ends of its own range,
            widened, in place of the outer ones; one without any has those of all.
    """

    bands: Floats

    @classmethod
    def of(cls, measures: ArrayLike, labels: ArrayLike, *, classes: int) -> UsualLook:
        """Take it from training images.

        Args:
            measures: Shape `(n, measures)`, as `cellclf.data.stain_focus.stain_and_focus` has them.
            labels: Class number of each image, shape `(n,)`.
            classes: How many there are.

        Raises:
            DataError: There is no image.
        """
        values = np.asarray(measures, dtype=np.float64)
        numbers = np.asarray(labels)
        if not len(values):
            raise DataError("what is usual must come from training images. Received: none")
        of_all = _quantiles(values)
        bands = [_band(values[numbers == number], of_all) for number in range(classes)]
        return cls(bands=np.stack([*bands, of_all]))

    def compared(self, measures: ArrayLike, classes: ArrayLike) -> Drift:
        """Compare new images with what is usual.

        An image passes an end of what is usual where it lies beyond 99 % of the training images
        that were looked at, and beyond 99 % of those of the class that it is taken for, or beyond
        their widened range where there are few (`UsualLook`): a batch of one rare class is no
        drift, nor is one that the model takes for the wrong class. A drift is said where more
        images pass one end than in training, by far (`NOTABLE`) and surely: by a lower bound of
        the share (Clopper and Pearson, 1934; Bonferroni over all ends), so that neither a handful
        of images nor a hundred thousand give one by chance.

        Args:
            measures: Shape `(n, measures)`.
            classes: Number of the class that each is taken for, shape `(n,)`.
        """
        values, numbers = np.asarray(measures), np.asarray(classes)
        starts = range(0, len(values), BLOCK)
        return self.compared_in_blocks(
            (values[start : start + BLOCK], numbers[start : start + BLOCK]) for start in starts
        )

    def compared_in_blocks(self, blocks: Iterable[tuple[ArrayLike, ArrayLike]]) -> Drift:
        """Compare new images as `compared` does, of which only some are in memory at a time.

        Args:
            blocks: Of some images at a time, their measures and classes.
        """
        number = 0
        far: dict[tuple[Side, int], list[Floats]] = {}
        for measures, classes in blocks:
            values = np.asarray(measures, dtype=np.float64)
            own, everyone = self.bands[np.asarray(classes)], self.bands[-1][None]
            number += len(values)
            passed: dict[Side, NDArray[np.bool_]] = {
                "lower": values < np.minimum(own[..., 0], everyone[..., 0]),
                "higher": values > np.maximum(own[..., 2], everyone[..., 2]),
            }
            for side, beyond in passed.items():
                for place in range(len(MEASURES)):
                    rows = beyond[:, place]
                    distances = np.abs(values[rows, place] - own[rows, place, 1])
                    far.setdefault((side, place), []).append(distances)
        found = []
        for (side, place), blocks_of_distances in far.items():
            distances = np.concatenate(blocks_of_distances)
            bound = _at_least(len(distances), number)
            if bound > NOTABLE:
                found.append(
                    Departure(
                        measure=MEASURES[place].name,
                        side=side,
                        share=len(distances) / number,
                        at_least=bound,
                        by=float(np.median(distances)),
                    )
                )
        return Drift(images=number, departures=tuple(sorted(found, key=lambda one: -one.share)))

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return what a bundle keeps, by name."""
        return {STORED_AS: self.bands.astype(np.float32)}

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[Any]], *, classes: int) -> UsualLook | None:
        """Put together again what `arrays` gave; nothing where there is none of these measures.

        Raises:
            DataError: It has another shape, or holds something else than numbers.
        """
        if STORED_AS not in arrays:
            return None
        bands = arrays[STORED_AS]
        wanted = (classes + 1, len(MEASURES), len(QUANTILES))
        if bands.shape != wanted or not np.isfinite(bands).all():
            raise DataError(
                f"{STORED_AS!r} must hold numbers, shape {wanted}. Received: shape {bands.shape}"
            )
        return cls(bands=bands.astype(np.float64))


def _band(values: Floats, of_all: Floats) -> Floats:
    """What is usual for a class; shape `(measures, 3)`."""
    if not len(values):
        return of_all
    if len(values) >= FEWEST_OF_CLASS:
        return _quantiles(values)
    lowest, highest = values.min(axis=0), values.max(axis=0)
    margin = WIDENED * (highest - lowest)
    return np.stack([lowest - margin, np.median(values, axis=0), highest + margin], axis=1)


def _quantiles(values: Floats) -> Floats:
    """Shape `(measures, 3)`."""
    quantiles: Floats = np.quantile(values, QUANTILES, axis=0).T
    return quantiles


def _at_least(hits: int, number: int) -> float:
    """Lower bound of a share; see `UsualLook.compared`."""
    tail = RISK / (2 * len(MEASURES))
    return float(scipy.stats.beta.ppf(tail, hits, number - hits + 1)) if hits else 0.0
