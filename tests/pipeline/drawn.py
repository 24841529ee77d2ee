"""Tables drawn as images, so that checks made for tables can be made of a classifier of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

from cellclf import CellClassifier

__all__ = ["SIZE", "OfTables", "drawn"]

SIZE = 16
CHANNELS = 3


def drawn(table: Any) -> NDArray[np.uint8]:
    """Each row of a table as an image: its first three numbers are the colours of the upper half.

    In the lower half they are told from others next to them, however large they are.

    Args:
        table: Shape `(n, f)`; `f` may be less than three.

    Returns:
        Shape `(n, SIZE, SIZE, 3)`.
    """
    numbers = np.zeros((len(table), CHANNELS))
    width = min(table.shape[1], CHANNELS)
    numbers[:, :width] = table[:, :width]
    images = np.empty((len(table), SIZE, SIZE, CHANNELS), np.uint8)
    for half, waves in (
        (slice(SIZE // 2), np.tanh(numbers / 2)),
        (slice(SIZE // 2, None), np.sin(numbers)),
    ):
        images[:, half] = (127.5 * (1 + waves)).round().astype(np.uint8)[:, None, None, :]
    return images


class OfTables(CellClassifier):
    """The estimator as it is, but that images are drawn from a table first."""

    def fit(self, X: Any, y: Any, groups: Any = None) -> Any:  # noqa: N803
        return super().fit(drawn(validate_data(self, X)), y, groups)

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        self.classifier_  # noqa: B018, before the table is looked at
        return super().predict_proba(drawn(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags
