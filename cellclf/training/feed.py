"""How images reach the network: training batches prepared ahead of it, and rows to validate on.

Keras' own way of preparing a `PyDataset` in threads is not used (`workers=1` starts none): it hands
batches of one epoch to the next where an iterator is thrown away early, and waits a tenth of a
second at the end of every epoch. The threads here belong to the fit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.network.distribution import ALONE, Share
from cellclf.training.shares import SharedBatches, rows_of

if TYPE_CHECKING:
    from cellclf.data.batches import TrainingBatches

__all__ = ["Batch", "TrainingFeed", "ValidationFeed", "preparing_threads"]

Batch = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]
"""Images `(b, h, w, 3)`, one-hot labels `(b, classes)` and weights `(b,)`."""

AHEAD = 8
"""Batches in preparation beyond the one asked for."""

BEHIND = 2
"""Batches kept after they were handed out: Keras reads the first two once to see their shapes."""

MOST_THREADS = 8
"""Enough for any one accelerator: an image costs about half a millisecond to augment."""


@contextmanager
def preparing_threads() -> Iterator[ThreadPoolExecutor]:
    """Threads that prepare batches; work that has not begun is dropped on leaving."""
    pool = ThreadPoolExecutor(min(os.cpu_count() or 2, MOST_THREADS), "batches")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class TrainingFeed(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of an epoch, prepared in the threads of `pool` while the network works.

    Whatever is read after `begin` is of that epoch. What Keras reads before, to see the shapes or
    ahead of time, it throws away.

    Attributes:
        failure: What went wrong in preparing a batch. Backends wrap an exception from a feed in
            one of their own; this is the first, as it was raised.
    """

    def __init__(
        self, batches: TrainingBatches | SharedBatches, *, epoch: int, pool: ThreadPoolExecutor
    ) -> None:
        super().__init__(workers=1)
        self.failure: Exception | None = None
        self._batches = batches
        self._epoch = epoch
        self._pool = pool
        self._coming: dict[int, Future[Batch]] = {}

    def begin(self, epoch: int) -> None:
        """Turn to `epoch`, counted from 0."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._coming = {}

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> Batch:
        """Return one batch; the same number gives the same batch however often it is asked for."""
        coming = self._coming
        try:
            for ahead in range(number, min(number + 1 + AHEAD, len(self))):
                if ahead not in coming:
                    coming[ahead] = self._pool.submit(self._batches.batch, ahead, self._epoch)
            coming.pop(number - BEHIND, None)
            return coming[number].result()
        except Exception as error:
            self.failure = self.failure or error
            raise


class ValidationFeed(keras.utils.PyDataset):  # type: ignore[misc]
    """Chosen rows of an image store, in order, in batches of one size.

    The last batch is filled up with copies of weight zero, so that a backend that compiles for
    each shape compiles once.

    Args:
        images: `uint8`, `(n, size, size, 3)`, RGB; may be a memory map.
        rows: The rows to validate on, shape `(m,)`.
        labels: Class number of every image of the set, shape `(n,)`.
        num_classes: How many classes there are.
        batch_size: Images a batch.
        share: Which rows of each batch are this process's.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        rows: NDArray[np.intp],
        labels: NDArray[np.intp],
        *,
        num_classes: int,
        batch_size: int,
        share: Share = ALONE,
    ) -> None:
        super().__init__(workers=1)
        # Slices of a memory map cost more to make than those of the plain array beneath it.
        self._images = np.asarray(images)
        self._rows = np.asarray(rows)
        self._labels = np.asarray(labels)[self._rows]
        self._one_hot = np.eye(num_classes, dtype=np.float32)
        self._batch_size = batch_size
        self._places = rows_of(batch_size, share)[0]

    @property
    def targets(self) -> NDArray[np.intp]:
        """Row and class number of every image validated on, shape `(m, 2)`."""
        return np.column_stack([self._rows, self._labels])

    def __len__(self) -> int:
        return -(-len(self._rows) // self._batch_size)

    def __getitem__(self, number: int) -> Batch:
        """Return batch `number`."""
        wanted = number * self._batch_size + self._places
        inside = wanted < len(self._rows)
        wanted = np.where(inside, wanted, len(self._rows) - 1)
        x, y = self._images[self._rows[wanted]], self._one_hot[self._labels[wanted]]
        return x, y, inside.astype(np.float32)
