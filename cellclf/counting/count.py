"""From a table of predictions to the counts of its specimens."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cellclf.counting.counts import Differential
from cellclf.counting.wanted import Wanted
from cellclf.evaluation.prediction_files import Sidecar
from cellclf.evaluation.review import says_what_to_review
from cellclf.evaluation.specimens import Specimen, refused_beyond, specimens_of, told_apart

__all__ = ["counted"]


def counted(
    table: pd.DataFrame, *, classes: Sequence[str], sidecar: Sidecar | None, wanted: Wanted
) -> Differential:
    """Count the cells of each specimen of a table of predictions.

    Args:
        table: Columns `path` and `predicted`, and `review` and `corrected` where there are any.
        classes: Class names.
        sidecar: Says what the model confuses; without it shares are not corrected.
        wanted: How, and what is to be said besides.

    Raises:
        DataError: Specimens cannot be told apart, or a question or a range is about no class.
    """
    asked = wanted.of(sidecar)
    asked.require(classes)
    specimens = specimens_of(table, told_apart(table, wanted.by), classes, asked)
    reviewed = [one for one in specimens if one.reviewed]
    return Differential(
        specimens=specimens,
        corrected=any(one.corrected for one in specimens),
        uncorrected=tuple(map(_uncorrected, reviewed)) if asked.confusion is not None else (),
        reviewed=sum(one.reviewed for one in reviewed),
        source="" if asked.reference is None else asked.reference.source,
        notes=() if sidecar is None else refused_beyond(specimens, sidecar.thresholds),
        calibrated=says_what_to_review(table),
    )


def _uncorrected(one: Specimen) -> str:
    """Say why shares of a specimen are as counted: a reviewer's answers are not to be corrected."""
    return (
        f"Shares of {one.name or 'the specimen without a name'} are not corrected for what the "
        f"model confuses: a reviewer gave {one.reviewed:,} of its answers."
    )
