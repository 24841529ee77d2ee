"""What a trained network says of images: calibrated probabilities, and how unlike the usual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellclf.engines.engine import Engine
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.outliers import OutlierScores
from cellclf.inference.chunks import array_chunks
from cellclf.network.outputs import Outputs
from cellclf.terms import ResizeMode

__all__ = ["Look", "Seen"]

Seen = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Of some images, probabilities, `(n, k)`, calibrated where the model is, and outlier scores."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """An engine with what makes sense of its numbers.

    Attributes:
        engine: What computes the network.
        decision: Whose calibration is applied; `None` where the model is not calibrated.
        outliers: What scores features; `None` where nothing does.
        classes: How many there are.
        image_size: Height and width, in pixels, that images are brought to.
        resize: How an image that is not square becomes square.
    """

    engine: Engine
    decision: Decision | None
    outliers: OutlierScores | None
    classes: int
    image_size: int
    resize: ResizeMode

    def at(self, images: NDArray[np.uint8], *, batch: int, continued: bool) -> Seen:
        """Look at one chunk, a batch at a time; one that continues others is filled up.

        A batch of another length would be compiled anew, which can take longer than the images.

        Args:
            images: `uint8` RGB, `(n, image_size, image_size, 3)`.
            batch: How many the network looks at together.
            continued: Another chunk was looked at before.
        """
        starts = range(0, len(images), batch)
        found = [
            self._outputs(images[start : start + batch], batch if continued or start else 0)
            for start in starts
        ]
        if not found:
            return np.zeros((0, self.classes), np.float32), np.zeros(0, np.float32)
        given = np.concatenate([one.probabilities for one in found])
        if self.decision is not None:
            given = self.decision.calibration.apply(given)
        if self.outliers is None:
            return given, np.full(len(given), np.nan, np.float32)
        return given, self.outliers.of(np.concatenate([one.features for one in found]))

    def at_all(self, images: NDArray[np.uint8]) -> Seen:
        """Look at images of any size, `uint8` RGB, `(n, height, width, 3)`, a chunk at a time."""
        batch = self.engine.batch_size
        found = [self.at(images[:0], batch=batch, continued=False)]
        for chunk in array_chunks(images, size=self.image_size, mode=self.resize, length=batch):
            found.append(self.at(chunk, batch=batch, continued=len(found) > 1))
        probabilities, scores = zip(*found, strict=True)
        return np.concatenate(probabilities), np.concatenate(scores)

    def _outputs(self, images: NDArray[np.uint8], filled: int) -> Outputs:
        """What the network says of images, which are filled up to a number."""
        number = len(images)
        if number < filled:
            nothing = np.zeros((filled - number, *images.shape[1:]), np.uint8)
            images = np.concatenate([images, nothing])
        outputs = self.engine(images)
        return Outputs(
            probabilities=outputs.probabilities[:number], features=outputs.features[:number]
        )
