"""From what a network gives to answers: calibrated, sure enough or not, as sets, or none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cellclf.errors import DataError
from cellclf.evaluation.abstention import Review, review_threshold
from cellclf.evaluation.calibration import FEWEST_SAMPLES, Calibration
from cellclf.evaluation.conformal import COVERAGE, ConformalSets
from cellclf.evaluation.estimates import Judged
from cellclf.evaluation.outliers import REFUSED, Refusal
from cellclf.evaluation.predictions import (
    UNIDENTIFIED,
    labelled,
    probabilities,
    with_probabilities,
)

__all__ = ["TARGET_ACCURACY", "Decision"]

TARGET_ACCURACY = 0.98
"""Accuracy that answers accepted without a person are to have, unless the user asks for another."""

FEWEST_CLASSES = 2

SHARES = ("review_target", "review_accepted", "review_bound", "set_coverage", "outlier_share")
"""Thresholds that are shares, 0 to 1; none of the others is less than 0 either."""

COUNTS = ("calibrated_on", "outlier_samples")
"""Thresholds that are whole numbers."""

ARRAYS = {"biases": math.inf, "set_thresholds": 1, "set_samples": 2**53}
"""What is kept by class, and the most that it can be; a bias may be less than 0."""

SMALLEST_TEMPERATURE = 1e-6
"""Far below any that is fitted: what is divided by it stays finite."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What turns probabilities into answers. All of it comes from the calibration part alone.

    Attributes:
        calibration: What the probabilities mean.
        review: From which confidence on an answer that is not refused is accepted without a person;
            its `accepted` is a share of all samples, its `bound` of those accepted.
        sets: Which classes a cell may be of.
        refusal: Which cells are none of the classes; `None` where nothing is refused.
    """

    calibration: Calibration
    review: Review
    sets: ConformalSets
    refusal: Refusal | None = None

    @classmethod
    def fitted(
        cls,
        table: pd.DataFrame,
        *,
        units: ArrayLike | None = None,
        target: float = TARGET_ACCURACY,
        coverage: float = COVERAGE,
        refused: float = REFUSED,
    ) -> Decision | None:
        """Fit it to the predictions of a calibration part; nothing where that is too small.

        Args:
            table: Predictions of samples that nothing was fitted to, probabilities as the network
                gives them.
            units: Unit of each row; by the column `group` where it is not given.
            target: Accuracy that accepted answers are to have.
            coverage: Share of the samples of each class whose set is to hold it.
            refused: Share of the samples that may be called none of the classes.
        """
        judged = Judged.of(table, units)
        few = len(judged.y_true) < FEWEST_SAMPLES
        if few or len(np.unique(judged.y_true)) < FEWEST_CLASSES:
            return None
        calibration = Calibration.fitted(judged.y_true, judged.y_prob)
        prob = calibration.apply(judged.y_prob)
        scores = labelled(table)["outlier_score"].to_numpy()
        refusal = Refusal.fitted(scores, share=refused)
        answered = np.ones(len(prob), np.bool_) if refusal is None else ~refusal.refuses(scores)
        review = review_threshold(
            prob[answered].max(axis=1),
            prob[answered].argmax(axis=1) == judged.y_true[answered],
            judged.units[answered],
            target=target,
        )
        return cls(
            calibration=calibration,
            # Of all cells, those too that are refused.
            review=replace(review, accepted=review.accepted * float(answered.mean())),
            sets=ConformalSets.fitted(judged.y_true, prob, coverage=coverage),
            refusal=refusal,
        )

    def decide(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table of predictions with calibrated probabilities and what follows from them.

        Args:
            table: Predictions, probabilities as the network gives them.

        Returns:
            The same with other probabilities, `top_class`, `predicted` and `confidence`;
            `predicted` is `unidentified` for a cell that is none of the classes, and `review` says
            which answers a person should look at.
        """
        return self.reviewed(
            with_probabilities(table, self.calibration.apply(probabilities(table)))
        )

    def reviewed(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table of calibrated predictions in which cells are refused or to be reviewed."""
        refused, review = self.marks(table["confidence"].to_numpy(), table["outlier_score"])
        return table.assign(
            predicted=table["top_class"].where(~refused, UNIDENTIFIED),
            review=pd.Series(review, index=table.index, dtype="boolean"),
        )

    def marks(
        self, confidence: NDArray[np.float32], outlier_scores: ArrayLike
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Say which cells are none of the classes, and which answers a person should look at.

        Args:
            confidence: Largest calibrated probability of each, shape `(n,)`.
            outlier_scores: How unlike the training images each is, shape `(n,)`.

        Returns:
            Both of shape `(n,)`; whatever is refused is for review too.
        """
        refused = np.zeros(len(confidence), np.bool_)
        if self.refusal is not None:
            refused = self.refusal.refuses(outlier_scores)
        return refused, (confidence < self.review.threshold) | refused

    def thresholds(self) -> dict[str, float]:
        """Return the single numbers, by name, as a bundle and a sidecar keep them."""
        refusal = {}
        if self.refusal is not None:
            refusal = {
                "outlier": self.refusal.threshold,
                "outlier_share": self.refusal.share,
                "outlier_samples": float(self.refusal.samples),
            }
        return {
            "temperature": self.calibration.temperature,
            "calibrated_on": float(self.calibration.samples),
            "review": self.review.threshold,
            "review_target": self.review.target,
            "review_accepted": self.review.accepted,
            "review_bound": self.review.bound if self.review.reached else 0.0,
            "set_coverage": self.sets.coverage,
            **refusal,
        }

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return what there is of each class, shape `(k,)`, by name."""
        return {
            "biases": self.calibration.biases.astype(np.float32),
            "set_thresholds": self.sets.thresholds.astype(np.float32),
            "set_samples": self.sets.samples.astype(np.float32),
        }

    @classmethod
    def read(
        cls, thresholds: Mapping[str, float], arrays: Mapping[str, NDArray[Any]], *, classes: int
    ) -> Decision:
        """Put together again what `thresholds` and `arrays` gave.

        Raises:
            DataError: Something is missing, of another shape than `(classes,)`, or out of range.
        """
        _check_thresholds(thresholds)
        for name, array in arrays.items():
            if name not in ARRAYS:
                raise DataError(f"{name!r} has no place in a decision")
            if array.shape != (classes,):
                raise DataError(
                    f"{name!r} must have shape ({classes},). Received: shape {array.shape}"
                )
            if name != "biases" and not ((array >= 0).all() and (array <= ARRAYS[name]).all()):
                raise DataError(f"{name!r} must be from 0 to {ARRAYS[name]}")
            if name == "set_samples" and not (array == array.round()).all():
                raise DataError(f"{name!r} must hold whole numbers")
        try:
            reached = thresholds["review_accepted"] > 0
            refusal = None
            if "outlier" in thresholds:
                refusal = Refusal(
                    share=thresholds["outlier_share"],
                    threshold=thresholds["outlier"],
                    samples=int(thresholds["outlier_samples"]),
                )
            return cls(
                calibration=Calibration(
                    temperature=thresholds["temperature"],
                    biases=arrays["biases"].astype(np.float64),
                    samples=int(thresholds["calibrated_on"]),
                ),
                review=Review(
                    target=thresholds["review_target"],
                    threshold=thresholds["review"],
                    accepted=thresholds["review_accepted"],
                    bound=thresholds["review_bound"] if reached else float("nan"),
                ),
                sets=ConformalSets(
                    coverage=thresholds["set_coverage"],
                    thresholds=arrays["set_thresholds"].astype(np.float64),
                    samples=arrays["set_samples"].astype(np.intp),
                ),
                refusal=refusal,
            )
        except KeyError as error:
            raise DataError(f"{error.args[0]!r} is missing") from error

    def rounded(self) -> Decision:
        """Return it as it comes back from a file, so that a run and its bundle decide alike."""
        return self.read(self.thresholds(), self.arrays(), classes=len(self.calibration.biases))


def _check_thresholds(thresholds: Mapping[str, float]) -> None:
    """Each must be a number that it can be, and those of outliers come together or not at all."""
    for name, value in thresholds.items():
        least = SMALLEST_TEMPERATURE if name == "temperature" else 0.0
        sound = math.isfinite(value) and least <= value <= (1.0 if name in SHARES else math.inf)
        if not sound or (name in COUNTS and value != math.floor(value)):
            raise DataError(f"{name!r} is out of range. Received: {value}")
    if not thresholds.get("review_accepted", 1) and thresholds.get("review_bound"):
        raise DataError("'review_bound' is given, of answers of which none was accepted")
    if "outlier" not in thresholds:
        for name in ("outlier_share", "outlier_samples"):
            if name in thresholds:
                raise DataError("'outlier' is missing")
