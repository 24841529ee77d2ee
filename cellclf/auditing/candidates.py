"""Which pairs of images may be copies of each other, without comparing each with each.

Every descriptor is hashed by random hyperplanes (Charikar 2002, "Similarity estimation techniques
from rounding algorithms"): nearly equal ones fall into one bucket in some of several tables. Inside
a bucket a descriptor is compared with a few neighbours of other files only, so the work grows with
the number of descriptors, however many share a bucket. Each near pair of descriptors is a vote for
its images.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.keypoints import UNIT, Description, mirrored

__all__ = ["Candidates", "candidates"]

TABLES = 4
"""Independent hashings; a pair of near descriptors missed by one is likely met in another."""

ENTRIES_A_BUCKET = 4
"""How many descriptors a bucket holds on average; it sets the number of hash bits."""

NEIGHBOURS = 6
"""Descriptors of other files that one is compared with in its bucket, in the order of one more
projection."""

NEAR = 0.08
"""Largest squared Hellinger distance of descriptors that vote."""

LEAST_VOTES = 3
"""Fewer votes than this are chance."""

PARTNERS = 24
"""Candidates kept of one image, those of most votes: it bounds what is verified."""

AT_ONCE = 1 << 16
"""Descriptors in work at one time: bounds memory."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Pairs that share keypoints, those of most votes first.

    Attributes:
        pairs: Rows of the two images, the lower first, `(m, 2)`.
        mirrored: Whether the second is to be mirrored to fit the first, `(m,)`.
        votes: Near pairs of descriptors, `(m,)`.
    """

    pairs: NDArray[np.intp]
    mirrored: NDArray[np.bool_]
    votes: NDArray[np.intp]


def candidates(
    descriptions: Sequence[Description | None], *, files: NDArray[np.intp] | None = None
) -> Candidates:
    """Return the pairs of images that are worth a closer look.

    The same descriptions give the same pairs: the hyperplanes are drawn from a fixed seed.

    Args:
        descriptions: One an image; `None` takes part in no pair.
        files: Number of the file that each image was cut from, shape `(n,)`; images of one file are
            no pair. Where left out, each has a file of its own.
    """
    counts = [0 if one is None else len(one.descriptors) for one in descriptions]
    held = [one.descriptors for one in descriptions if one is not None]
    if sum(counts) < LEAST_VOTES:
        return _ranked(np.empty((3, 0), np.intp), np.empty(0, np.intp))
    descriptors = np.concatenate(held)
    owner = np.repeat(np.arange(len(counts)), counts)
    file = owner if files is None else files[owner]
    # One pair of descriptors may meet in several tables, and has one vote.
    votes = np.unique(np.concatenate(list(_votes(descriptors, file))))
    one, other, turned = _decoded(votes, len(descriptors))
    images = _encoded(owner[one], owner[other], turned, len(counts))
    counted, times = np.unique(images, return_counts=True)
    enough = times >= LEAST_VOTES
    return _ranked(np.stack(_decoded(counted[enough], len(counts))), times[enough])


def _encoded(
    one: NDArray[np.intp], other: NDArray[np.intp], turned: NDArray[np.intp], n: int
) -> NDArray[np.int64]:
    """Pairs of numbers below `n`, and whether one is mirrored, as numbers that sort quickly."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    return np.asarray((low * n + high) * 2 + turned, dtype=np.int64)


def _decoded(pairs: NDArray[np.int64], n: int) -> tuple[NDArray[np.intp], ...]:
    return pairs // 2 // n, pairs // 2 % n, pairs % 2


def _ranked(counted: NDArray[np.intp], times: NDArray[np.intp]) -> Candidates:
    """Order by votes, and drop what is not among the best of either of its two images."""
    order = np.lexsort((*counted[::-1], -times))
    first, second, turned = counted[:, order]
    kept = _among_best(first) | _among_best(second)
    return Candidates(
        pairs=np.column_stack([first[kept], second[kept]]),
        mirrored=turned[kept].astype(bool),
        votes=times[order][kept],
    )


def _among_best(image: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether each entry is among the first `PARTNERS` of its image."""
    by_image = np.argsort(image, kind="stable")
    _, first, inverse = np.unique(image[by_image], return_index=True, return_inverse=True)
    place = np.empty(len(image), np.intp)
    place[by_image] = np.arange(len(image)) - first[inverse]
    return place < PARTNERS


def _votes(descriptors: NDArray[np.uint8], file: NDArray[np.intp]) -> Iterator[NDArray[np.int64]]:
    """Near pairs of descriptors, one of them taken mirrored or neither, as `_encoded`.

    Entries are the descriptors and, numbered on from them, their mirror images.
    """
    n = len(descriptors)
    bits = max(1, round(np.log2(2 * n / ENTRIES_A_BUCKET)))
    rng = np.random.default_rng(0)
    width = descriptors.shape[1]
    mean = descriptors[:: max(1, n // AT_ONCE)].mean(axis=0, dtype=np.float32)
    for _ in range(TABLES):
        planes = np.linalg.qr(rng.normal(size=(width, bits + 1)))[0].astype(np.float32)
        bucket, place = _hashed(descriptors, mean, planes)
        order = np.lexsort((place, bucket))
        for first, second in _neighbours(bucket[order], file[order % n]):
            one, other = order[first], order[second]
            turned = (one >= n).astype(np.intp) + (other >= n)
            # Two mirror images meet whenever their originals do; one of both is enough.
            new = turned < 2
            one, other, turned = one[new], other[new], turned[new]
            near = _near(descriptors, one, other)
            yield _encoded(one[near] % n, other[near] % n, turned[near], n)


def _neighbours(
    bucket: NDArray[np.int64], file: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Places of entries that are compared: each with the next few of other files in its bucket.

    Entries of one file are passed over, not counted: however many boxes of a file show the same,
    what another file shows beyond them is reached.

    Args:
        bucket: Bucket of each entry, ascending.
        file: File of each.

    Yields:
        Places of one entry and of a later one, for the next neighbours, those after them, ...
    """
    changes = (bucket[1:] != bucket[:-1]) | (file[1:] != file[:-1])
    ends = np.append(np.flatnonzero(changes) + 1, len(bucket))
    # Where the run of entries of one file in one bucket ends that each entry is in.
    end = np.repeat(ends, np.diff(ends, prepend=0))
    entry = np.arange(len(bucket))
    at = end
    for _ in range(NEIGHBOURS):
        inside = at < len(bucket)
        inside[inside] = bucket[at[inside]] == bucket[entry[inside]]
        entry, at = entry[inside], at[inside]
        yield entry, at
        at = at + 1
        own = at < len(bucket)
        own[own] = file[at[own]] == file[entry[own]]
        at[own] = end[at[own]]


def _hashed(
    descriptors: NDArray[np.uint8], mean: NDArray[np.float32], planes: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Bucket of every entry, and its place along one more direction, to sort a bucket by."""
    n, bits = len(descriptors), planes.shape[1] - 1
    bucket, place = np.empty(2 * n, np.int64), np.empty(2 * n, np.float32)
    weights = 1 << np.arange(bits, dtype=np.int64)
    for start in range(0, n, AT_ONCE):
        block = descriptors[start : start + AT_ONCE]
        for offset, entries in ((0, block), (n, mirrored(block))):
            sides = (entries.astype(np.float32) - mean) @ planes
            to = slice(offset + start, offset + start + len(block))
            bucket[to] = (sides[:, :bits] > 0) @ weights
            place[to] = sides[:, bits]
    return bucket, place


def _near(
    descriptors: NDArray[np.uint8], one: NDArray[np.intp], other: NDArray[np.intp]
) -> NDArray[np.bool_]:
    near = np.empty(len(one), dtype=bool)
    for start in range(0, len(one), AT_ONCE):
        block = slice(start, start + AT_ONCE)
        apart = _entries(descriptors, one[block]) - _entries(descriptors, other[block])
        near[block] = np.einsum("ij,ij->i", apart, apart) < NEAR * UNIT**2
    return near


def _entries(descriptors: NDArray[np.uint8], numbers: NDArray[np.intp]) -> NDArray[np.float32]:
    """Descriptors by number; from `len(descriptors)` on the mirrored ones."""
    n = len(descriptors)
    taken = descriptors[numbers % n]
    turned = numbers >= n
    taken[turned] = mirrored(taken[turned])
    return taken.astype(np.float32)
