"""How images reach the network: training batches prepared ahead of it, and rows to validate on.

Keras' own way of preparing a `PyDataset` in threads is not used (`workers=1` starts none): it hands
batches of one epoch to the next where an iterator is thrown away early, and waits a tenth of a
second at the end of every epoch. The threads here belong to the fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from cellclf.data.pages import Pages
from cellclf.network.distribution import ALONE, Share
from cellclf.processors import processor_count
from cellclf.training.shares import rows_of

__all__ = ["Batch", "Batches", "TrainingFeed", "ValidationFeed", "preparing_threads"]

Batch = tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]
"""Images `(b, h, w, 3)` or features `(b, f)`, one-hot labels `(b, classes)` and weights `(b,)`."""


class Batches(Protocol):
    """What can be trained on: every batch is a function of its number and the epoch alone."""

    def __len__(self) -> int:
        """Batches in one epoch."""
        ...

    def batch(self, number: int, epoch: int) -> Batch:
        """Return one batch; called from several threads."""
        ...


AHEAD = 8
"""Batches in preparation beyond the one asked for."""

BEHIND = 2
"""Batches kept after they were handed out: Keras reads the first two once to see their shapes."""

MOST_THREADS = 8
"""Enough for any one accelerator: an image costs about half a millisecond to augment."""


@contextmanager
def preparing_threads() -> Iterator[ThreadPoolExecutor]:
    """Threads that prepare batches; work that has not begun is dropped on leaving.

    Meanwhile OpenCV has no threads of its own: on images this small they cost as much as they do.
    """
    of_opencv = cv2.getNumThreads()
    cv2.setNumThreads(1)
    pool = ThreadPoolExecutor(min(processor_count(), MOST_THREADS), "batches")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        cv2.setNumThreads(of_opencv)


class TrainingFeed(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of one epoch after the other, prepared in the threads of `pool` ahead of need.

    It has no end: Keras is told how many steps make an epoch, and goes through one iterator for all
    epochs. So nothing is waited for where an epoch begins.

    Args:
        batches: What is given.
        done: How many batches of the fit are done already, over all epochs: batch 0 of the feed is
            the one after them.
        pool: What prepares them.

    Attributes:
        failure: What went wrong in preparing a batch. Backends wrap an exception from a feed in
            one of their own; this is the first, as it was raised.
    """

    def __init__(self, batches: Batches, *, done: int = 0, pool: ThreadPoolExecutor) -> None:
        super().__init__(workers=1)
        self.failure: Exception | None = None
        self._batches = batches
        self._done = done
        self._pool = pool
        self._coming: dict[int, Future[Batch]] = {}
        self._latest: Batch | None = None
        self._closed = False

    def close(self) -> None:
        """Prepare nothing more: a backend that still reads ahead gets the latest batch again."""
        self._closed = True
        for future in self._coming.values():
            future.cancel()

    @property
    def num_batches(self) -> None:
        """`None`: there is no end to them."""
        return

    def __getitem__(self, number: int) -> Batch:
        """Return one batch; the same number gives the same batch however often it is asked for."""
        try:
            if not self._closed:
                self._prepare(number)
                self._latest = self._coming[number].result()
        except CancelledError:
            pass
        except Exception as error:
            self.failure = self.failure or error
            raise
        if self._latest is None:
            raise IndexError("the feed was closed before it gave a batch")
        return self._latest

    def _prepare(self, number: int) -> None:
        for ahead in range(number, number + 1 + AHEAD):
            if ahead not in self._coming:
                epoch, place = divmod(self._done + ahead, len(self._batches))
                self._coming[ahead] = self._pool.submit(self._batches.batch, place, epoch)
        self._coming.pop(number - BEHIND, None)


class ValidationFeed(keras.utils.PyDataset):  # type: ignore[misc]
    """Chosen rows of an image store, or of a table of features, in order, in batches of one size.

    The last batch is filled up with copies of weight zero, so that a backend that compiles for
    each shape compiles once.

    Args:
        images: `uint8`, `(n, size, size, 3)`, RGB, or features `(n, f)`; may be a memory map.
        rows: The rows to validate on, shape `(m,)`.
        labels: Class number of every image of the set, shape `(n,)`.
        num_classes: How many classes there are.
        batch_size: Images a batch.
        share: Which rows of each batch are this process's.
    """

    def __init__(
        self,
        images: NDArray[Any],
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
        self._pages = Pages(self._images)
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
        self._pages.read(len(x))
        return x, y, inside.astype(np.float32)
