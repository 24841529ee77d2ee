"""Each process's rows of every batch, so that all together see what one device would have seen.

The rows of a batch are divided evenly over the devices. The last batch of an epoch may not divide:
it is then given as often as it takes, and only its first copy counts. Repeating all of it, rather
than filling up with rows of nothing, leaves the means and variances of batch normalisation as they
were; and no device has more rows of it than the batch has.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.network.distribution import Share

__all__ = ["CountedCrossentropy", "Divisible", "SharedBatches", "rows_of"]


class Divisible(Protocol):
    """Batches of which some rows can be made without the others."""

    def __len__(self) -> int:
        """Batches in one epoch."""
        ...

    def size(self, number: int) -> int:
        """Rows of a batch, in every epoch."""
        ...

    def batch(
        self, number: int, epoch: int, *, places: NDArray[np.intp] | None = None
    ) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]:
        """Return the rows of a batch at `places`; all of them by default."""
        ...


class SharedBatches:
    """What one process prepares of the batches that it trains on with others.

    Args:
        batches: The same in every process.
        share: Which of them this is.
    """

    def __init__(self, batches: Divisible, share: Share) -> None:
        self._batches = batches
        self._share = share

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def filled_up(self) -> bool:
        """Whether there is a batch that the devices cannot divide; only the last can be one."""
        devices = self._share.devices
        return devices > 1 and self._batches.size(len(self) - 1) % devices != 0

    def batch(
        self, number: int, epoch: int
    ) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]:
        """Return this process's rows of a batch; those that do not count have the weight 0."""
        places, counts = rows_of(self._batches.size(number), self._share)
        wanted, back = np.unique(places, return_inverse=True)
        x, y, weights = self._batches.batch(number, epoch, places=wanted)
        if len(wanted) == len(places):
            return x, y, weights * counts
        return x[back], y[back], weights[back] * counts


def rows_of(size: int, share: Share) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return which rows of a batch a process has, and which of these count.

    Args:
        size: Rows of the whole batch.
        share: Which process it is.

    Returns:
        Places in the batch, shape `(k,)`, and 1 or 0 for each of them, `float32`.

    Example:
        >>> places, counts = rows_of(6, Share(devices=4, process=1, processes=2))
        >>> places, counts
        (array([0, 1, 2, 3, 4, 5]), array([0., 0., 0., 0., 0., 0.], dtype=float32))
        >>> rows_of(8, Share(devices=4, process=1, processes=2))[0]
        array([4, 5, 6, 7])
    """
    every = np.arange(math.lcm(size, share.devices))
    mine = np.split(every, share.processes)[share.process]
    return mine % size, (mine < size).astype(np.float32)


class CountedCrossentropy(keras.losses.CategoricalCrossentropy):  # type: ignore[misc]
    """Mean cross-entropy over the rows whose weight is not 0.

    Keras' own mean divides by all rows, those that do not count too. Where every row counts, the
    two are the same.

    Args:
        label_smoothing: Share spread over all classes.
    """

    def __init__(self, *, label_smoothing: float) -> None:
        super().__init__(from_logits=True, label_smoothing=label_smoothing, reduction="sum")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return a scalar; without weights, every row counts."""
        total = super().__call__(y_true, y_pred, sample_weight)
        if sample_weight is None:
            return total / keras.ops.shape(y_pred)[0]
        counted = keras.ops.count_nonzero(sample_weight)
        return total / keras.ops.cast(counted, total.dtype)
