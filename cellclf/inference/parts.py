"""What a trained network says of one chunk of images, as arrays; a table where one is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cellclf.evaluation.predictions import UNIDENTIFIED, predictions_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Part", "table_of"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """What came of one chunk of images.

    Attributes:
        asked: Ids of all images that were to be read, in order.
        ids: Ids of the `n` that could be read.
        classes: The `k` class names, in the order of the network's outputs.
        probabilities: Float32 `(n, k)`, calibrated where the model is; rows sum to 1.
        outlier_scores: Float32 `(n,)`; missing where the model does not know.
        refused: Which cells are none of the classes, shape `(n,)`.
        review: Which answers a person should look at, shape `(n,)`; `None` where the model is not
            calibrated.
        looks: What the images look like, shape `(n, 7)`; see
            `cellclf.data.stain_focus.stain_and_focus`. `None` where the model has nothing to
            compare them with.
        trained: Which images the model was trained on, byte for byte, shape `(n,)`.
        unreadable: Reason by id, for the others of `asked`.
    """

    asked: tuple[str, ...]
    ids: tuple[str, ...]
    classes: tuple[str, ...]
    probabilities: NDArray[np.float32]
    outlier_scores: NDArray[np.float32]
    refused: NDArray[np.bool_]
    review: NDArray[np.bool_] | None
    looks: NDArray[np.float32] | None
    trained: NDArray[np.bool_]
    unreadable: Mapping[str, str]

    @cached_property
    def top(self) -> NDArray[np.intp]:
        """Number of the class of the largest probability, shape `(n,)`."""
        found: NDArray[np.intp] = self.probabilities.argmax(axis=1)
        return found

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """That probability, shape `(n,)`."""
        found: NDArray[np.float32] = self.probabilities.max(axis=1, initial=0.0)
        return found

    @property
    def predicted(self) -> list[str]:
        """The answers: a class each, or `unidentified`."""
        pairs = zip(self.top, self.refused, strict=True)
        return [UNIDENTIFIED if refused else self.classes[top] for top, refused in pairs]

    @property
    def trained_ids(self) -> tuple[str, ...]:
        """Ids of the images that the model was trained on."""
        return tuple(one for one, was in zip(self.ids, self.trained, strict=True) if was)

    @property
    def table(self) -> pd.DataFrame:
        """The table of predictions of those that could be read; see `predictions_table`."""
        return table_of([self], self.classes)


def table_of(parts: Sequence[Part], classes: Sequence[str]) -> pd.DataFrame:
    """Return the table of predictions of several parts, one below the other."""
    import pandas as pd

    ids = [one for part in parts for one in part.ids]
    nothing = np.zeros((0, len(classes)), np.float32)
    table = predictions_table(
        sample_ids=ids,
        paths=ids,
        probabilities=np.concatenate([nothing, *(part.probabilities for part in parts)]),
        classes=classes,
        outlier_scores=np.concatenate([nothing[:, 0], *(part.outlier_scores for part in parts)]),
    )
    reviews = [part.review for part in parts if part.review is not None]
    if not reviews:
        return table
    answers = [answer for part in parts for answer in part.predicted]
    return table.assign(
        predicted=pd.Series(answers, index=table.index, dtype="str"),
        review=pd.Series(np.concatenate(reviews), index=table.index, dtype="boolean"),
    )
