"""Training batches: which sample comes when, in which augmented view, with which weight.

Everything is a function of the seed, the epoch and the number of the batch. Nothing depends on what
was asked for before, so any thread may make any batch, and a resumed training sees what an
uninterrupted one would have seen.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from cellclf.data.augmented import ORDER, TURNS, Augment, augmented, generator
from cellclf.data.pages import Pages
from cellclf.errors import DataError
from cellclf.terms import Balance

__all__ = ["ClassBalance", "TrainingBatches"]

SEED_LIMIT = 2**64


@dataclass(frozen=True, kw_only=True)
class ClassBalance:
    """How often each class is seen.

    Attributes:
        before: Training images of each class, shape `(num_classes,)`.
        after: Sum of the weights of all views of each class in one epoch, shape `(num_classes,)`.
    """

    before: NDArray[np.intp]
    after: NDArray[np.float64]


class TrainingBatches:
    """The training part, balanced, shuffled and augmented anew for each epoch.

    Every view is augmented, the first of a sample too. With `balance`

    - `"augment"`, each class is filled up to the size of the largest with further augmented views
      of its own samples, each sample with as many as any other or one more; who gets the one more
      goes round from epoch to epoch;
    - `"weights"`, each sample is seen once, with a weight in inverse proportion to the size of its
      class; the weights of an epoch have the mean 1;
    - `"none"`, each sample is seen once, with weight 1.

    The last batch of an epoch is smaller where the batch size does not divide the epoch's length. A
    single view left over joins the batch before it, which then is larger by one:
    batch normalization can do nothing with a batch of one.

    Args:
        images: All images of the set, `uint8`, `(n, height, width, 3)`.
        rows: The training samples, as rows of `images`, shape `(m,)`.
        labels: Class number of every image of the set, not of the training part only, shape `(n,)`.
        num_classes: Number of classes.
        batch_size: Views in a batch.
        seed: From 0 to 2**64 - 1.
        balance: See above.
        chain: Augmentations, in order; none where it is empty.

    Raises:
        DataError: An argument out of range, or arrays that do not fit each other.

    Example:
        >>> images = np.zeros((5, 8, 8, 3), dtype=np.uint8)
        >>> batches = TrainingBatches(images, np.arange(5), np.array([0, 0, 0, 0, 1]),
        ...     num_classes=2, batch_size=4, seed=1)
        >>> x, y, weight = batches.batch(0, epoch=0)
        >>> x.shape, y.shape, weight.shape
        ((4, 8, 8, 3), (4, 2), (4,))
        >>> batches.epoch_length, len(batches), batches.class_balance().after
        (8, 2, array([4., 4.]))
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        rows: NDArray[np.intp],
        labels: NDArray[np.intp],
        *,
        num_classes: int,
        batch_size: int,
        seed: int,
        balance: Balance = "augment",
        chain: Augment = (),
    ) -> None:
        # Slices of a memory map cost more to make than those of the plain array beneath it.
        self._images = np.asarray(images)
        self._pages = Pages(self._images)
        self._rows = np.asarray(rows, dtype=np.intp)
        self._check(labels, num_classes, batch_size, seed, balance)
        self._labels = np.asarray(labels, dtype=np.intp)
        self._batch_size = batch_size
        self._seed = seed
        self._balance = balance
        self._chain = tuple(chain)
        self._counts = np.bincount(self._labels[self._rows], minlength=num_classes)
        self._class_weights = _class_weights(self._counts, balance)
        self._latest: tuple[int, NDArray[np.intp], NDArray[np.intp]] | None = None

    def _check(
        self, labels: NDArray[np.intp], classes: int, batch_size: int, seed: int, balance: str
    ) -> None:
        images, rows = self._images, self._rows
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
            raise DataError(
                "`images` must be uint8 of shape (n, height, width, 3). "
                f"Received: {images.dtype} of shape {images.shape}"
            )
        if len(labels) != len(images):
            raise DataError(
                "`labels` must have one entry for each of `images`. "
                f"Received: {len(labels)} labels, {len(images)} images"
            )
        if len(rows) == 0 or rows.min() < 0 or rows.max() >= len(images):
            raise DataError(
                f"`rows` must name at least one image, all of them from 0 to {len(images) - 1}. "
                f"Received: {len(rows)} rows"
            )
        trained = np.asarray(labels)[rows]
        if trained.min() < 0 or trained.max() >= classes:
            raise DataError(
                f"`labels` must be from 0 to {classes - 1} (`num_classes` - 1). "
                f"Received: {trained.min()} to {trained.max()}"
            )
        if batch_size < 1:
            raise DataError(f"`batch_size` must be 1 or more. Received: batch_size={batch_size}")
        if not 0 <= seed < SEED_LIMIT:
            raise DataError(f"`seed` must be from 0 to 2**64 - 1. Received: seed={seed}")
        if balance not in get_args(Balance):
            raise DataError(
                f"`balance` must be one of {', '.join(get_args(Balance))}. "
                f"Received: balance={balance!r}"
            )

    @property
    def epoch_length(self) -> int:
        """Views in one epoch, after balancing."""
        if self._balance == "augment":
            return int(self._counts.max() * np.count_nonzero(self._counts))
        return len(self._rows)

    def __len__(self) -> int:
        """Batches in one epoch."""
        full, left = divmod(self.epoch_length, self._batch_size)
        return max(1, full + (left > 1))

    def size(self, number: int) -> int:
        """Return how many views a batch has, the same in every epoch.

        Raises:
            IndexError: No such batch.
        """
        start, stop = self._span(number, 0)
        return stop - start

    def batch(
        self, number: int, epoch: int, *, places: NDArray[np.intp] | None = None
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
        """Return one batch; safe to call from several threads.

        Args:
            number: From 0 to `len(self) - 1`.
            epoch: From 0.
            places: Which views of the batch to make, from 0 to `size(number) - 1`, shape `(k,)`;
                all of them by default. A view is the same with and without the others.

        Returns:
            Images `uint8` `(batch, height, width, 3)`, classes one-hot `float32`
            `(batch, num_classes)`, weights `float32` `(batch,)`.

        Raises:
            IndexError: No such batch.
            PluginError: An augmentation changed the shape or type of an image.
        """
        rows, copies = self.views(number, epoch)
        if places is not None:
            rows, copies = rows[places], copies[places]
        x = np.empty((len(rows), *self._images.shape[1:]), dtype=np.uint8)
        for place, (row, turn) in enumerate(zip(rows, copies, strict=True)):
            x[place] = self.view(row, epoch, turn)
        self._pages.read(len(x))
        return x, *self.targets(rows)

    def view(self, row: int, epoch: int, turn: int) -> NDArray[np.uint8]:
        """Return one image as an epoch shows it: `uint8`, `(height, width, 3)`.

        Args:
            row: Row of the images of the set.
            epoch: From 0.
            turn: Which of the views of this image in the epoch, from 0.

        Raises:
            PluginError: An augmentation changed the shape or type of an image.
        """
        return augmented(
            self._images[row], self._chain, seed=self._seed, epoch=epoch, row=row, turn=turn
        )

    def targets(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return classes, one-hot `(n, num_classes)`, and weights `(n,)` of samples, by row."""
        classes = self._labels[rows]
        y = np.zeros((len(rows), len(self._counts)), dtype=np.float32)
        y[np.arange(len(rows)), classes] = 1
        return y, self._class_weights[classes].astype(np.float32)

    def of_size(self, batch_size: int) -> TrainingBatches:
        """Return the same views in the same order, in batches of another size.

        Raises:
            DataError: The size is not 1 or more.
        """
        if batch_size < 1:
            raise DataError(f"`batch_size` must be 1 or more. Received: batch_size={batch_size}")
        other = copy.copy(self)
        other._batch_size = batch_size
        return other

    @property
    def rows(self) -> NDArray[np.intp]:
        """The training samples, as rows of the images of the set, shape `(m,)`."""
        return self._rows

    def views(self, number: int, epoch: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return row and copy number of every view of one batch, each of shape `(batch,)`.

        Its images are made from these and the epoch alone.

        Raises:
            IndexError: No such batch.
        """
        start, stop = self._span(number, epoch)
        rows, copies = self._views_of_epoch(epoch)
        return rows[start:stop], copies[start:stop]

    def _span(self, number: int, epoch: int) -> tuple[int, int]:
        """Where in the epoch a batch begins, and where the next one."""
        if not 0 <= number < len(self) or epoch < 0:
            raise IndexError(
                f"`number` must be from 0 to {len(self) - 1} and `epoch` 0 or more. "
                f"Received: number={number}, epoch={epoch}"
            )
        start = number * self._batch_size
        return start, start + self._batch_size if number < len(self) - 1 else self.epoch_length

    def sources(self, number: int, epoch: int) -> NDArray[np.intp]:
        """Return which sample each view of a batch is of.

        Args:
            number: From 0 to `len(self) - 1`.
            epoch: From 0.

        Returns:
            Rows of the images of the set, shape `(batch,)`, in the order of the batch: nothing but
            the training rows, however often they are augmented.

        Raises:
            IndexError: No such batch.
        """
        return self.views(number, epoch)[0]

    def class_balance(self) -> ClassBalance:
        """Return how often each class is seen, before and after balancing."""
        after = self._counts.astype(np.float64)
        if self._balance == "augment":
            after[after > 0] = self._counts.max()
        return ClassBalance(before=self._counts, after=after * self._class_weights)

    def _views_of_epoch(self, epoch: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row and copy number of every view of the epoch, in order."""
        # Read and replaced whole: threads at worst do the same work twice.
        latest = self._latest
        if latest is not None and latest[0] == epoch:
            return latest[1:]
        rows, copies = self._rows, np.zeros_like(self._rows)
        if self._balance == "augment":
            rows, copies = self._filled_up(epoch)
        order = generator(self._seed, ORDER, epoch).permutation(len(rows))
        self._latest = (epoch, rows[order], copies[order])
        return self._latest[1:]

    def _filled_up(self, epoch: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        rows, copies = [], []
        trained = self._labels[self._rows]
        for number in np.flatnonzero(self._counts):
            members = self._rows[trained == number]
            turns, extra = divmod(int(self._counts.max()), len(members))
            queue = generator(self._seed, TURNS, int(number)).permutation(members)
            next_in_queue = (epoch * extra + np.arange(extra)) % len(members)
            rows += [np.tile(members, turns), queue[next_in_queue]]
            copies += [np.repeat(np.arange(turns), len(members)), np.full(extra, turns)]
        return np.concatenate(rows), np.concatenate(copies)


def _class_weights(counts: NDArray[np.intp], balance: Balance) -> NDArray[np.float64]:
    """Weight of one view of each class, shape `(num_classes,)`; 0 for a class without samples."""
    if balance != "weights":
        return np.ones(len(counts))
    weights = np.zeros(len(counts))
    present = counts > 0
    weights[present] = counts.sum() / np.count_nonzero(present) / counts[present]
    return weights
