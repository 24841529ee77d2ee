"""What is asked of new images: how their specimens are told apart, and what is said of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from cellclf.evaluation.prediction_files import Sidecar
from cellclf.evaluation.predictions import COLUMNS
from cellclf.evaluation.specimens import FOLDER, Asked, told_apart

__all__ = ["Wanted"]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """How cells are counted, and what is to be said of each specimen besides.

    Attributes:
        by: What tells specimens apart; see `cellclf.differential`.
        asked: Questions and usual ranges; what the model confuses is not known yet.
        correct: Whether to correct shares for what the model confuses.
    """

    by: str
    asked: Asked
    correct: bool

    @classmethod
    def parsed(
        cls,
        *,
        by: str = FOLDER,
        questions: Sequence[str] = (),
        reference: str | Path | None = None,
        correct: bool = True,
        seed: int = 0,
    ) -> Wanted:
        """Read it as a person says it.

        Args:
            by: See `cellclf.differential`, as for all others.
            questions: Such as `eosinophil > 5 %`.
            reference: A TOML file of usual ranges.
            correct: Whether to correct shares for what the model confuses.
            seed: Decides the draws of the corrected intervals.

        Raises:
            DataError: A question is written otherwise, or the file cannot be read.
        """
        asked = replace(Asked.parsed(questions, reference), seed=seed)
        return cls(by=by, asked=asked, correct=correct)

    def require_told_apart(self, names: Sequence[str]) -> None:
        """Make sure, before any image is read, that specimens can be told apart.

        Args:
            names: What the images are called: their paths.

        Raises:
            DataError: They cannot.
        """
        columns = {**dict.fromkeys(COLUMNS, ""), "path": names, "sample_id": names}
        told_apart(pd.DataFrame(columns), self.by)

    def of(self, sidecar: Sidecar | None) -> Asked:
        """Return what is asked of the answers of one model.

        Args:
            sidecar: Says what the model confuses; without it shares are not corrected.
        """
        counts = None if sidecar is None or not self.correct else sidecar.confusion_counts
        return replace(self.asked, confusion=None if counts is None else np.array(counts))
