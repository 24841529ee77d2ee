"""Every image decoded and resized once, kept as one memory map that later runs find again."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from cellclf.data.ahead import map_ahead
from cellclf.data.decode import resize
from cellclf.data.holding import DRAFT, hold, remove, sweep
from cellclf.data.reading import UNREAD, content_or_unread, read_square
from cellclf.data.samples import Samples
from cellclf.data.store_files import VERSIONS, Block, Form, read_store, sync_folder, write_store
from cellclf.errors import DataError
from cellclf.processors import processor_count
from cellclf.progress import Progress
from cellclf.terms import ResizeMode

__all__ = ["ImageStore", "open_store"]

STORES = "stores"

FIRST = 64
"""Images by which it is told whether an earlier run can have written the store at all."""

BLOCKS_AHEAD = 4
"""Blocks in the hands of the pool or waiting to be written, for each of its threads."""

ATTEMPTS = 5
"""How often publishing is tried against writers of the same store; two need at most two."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageStore:
    """Images of one size, one row a sample.

    Attributes:
        images: `uint8`, `(n, size, size, 3)`, RGB, read-only memory map; zero where unreadable.
        content: What each sample shows, as SHA-256 in hexadecimal (`cellclf.data.reading`); empty
            where its file could not be read at all.
        unreadable: Reason by row, for each sample that is no usable image.
        path: Folder of the store.
        was_warm: An earlier run had written it.
    """

    images: NDArray[np.uint8]
    content: tuple[str, ...]
    unreadable: Mapping[int, str]
    path: Path
    was_warm: bool


def open_store(
    samples: Samples, *, size: int, mode: ResizeMode, cache: Path, progress: Progress
) -> ImageStore:
    """Open the store of these images, writing it first where no earlier run did.

    The store's name follows from what the images show, in order, from `size`, `mode`,
    `DECODE_VERSION` and the versions of the libraries that decode: renamed or moved files find it
    again, a changed file does not. Nothing is concluded from a file's name, size or date.

    It is written in a folder beside its place and moved there whole, after everything is on the
    disk; of two processes writing the same one, the later uses the earlier's. Checksums of all its
    pixels are compared at each opening, and one that is damaged is written again. While the images
    are in use, `cellclf cache prune` leaves it alone.

    Args:
        samples: The images; they may be unreadable.
        size: Pixels along each side, at least 1.
        mode: How an image becomes square; see `cellclf.data.decode.resize`.
        cache: Folder under which stores are kept, in `stores/`.
        progress: Told how many files are read.

    Raises:
        DataError: No samples, a bad `size` or `mode`, or a cache that cannot be written.
    """
    if not samples:
        raise DataError("there are no images to read")
    resize(np.zeros((1, 1, 3), np.uint8), size, mode)  # refuses a bad size or mode before any work
    form = Form(n=len(samples), size=size, mode=mode)
    folder = cache / STORES
    pool = ThreadPoolExecutor(processor_count())
    try:
        found = _find(folder, samples, form, pool, progress)
        was_warm = found is not None
        if found is None:
            try:
                found = _write(folder, samples, form, pool, progress)
            except OSError as error:
                raise _unwritable(cache, str(error.strerror or error)) from error
            if found is None:
                raise _unwritable(cache, "what was written there cannot be read back")
    finally:
        pool.shutdown(cancel_futures=True)
    return ImageStore(
        images=found.images,
        content=found.content,
        unreadable=MappingProxyType(found.unreadable),
        path=found.path,
        was_warm=was_warm,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Found:
    """A store that was opened."""

    images: Pixels
    content: tuple[str, ...]
    unreadable: dict[int, str]
    path: Path


def _find(
    folder: Path, samples: Samples, form: Form, pool: ThreadPoolExecutor, progress: Progress
) -> _Found | None:
    """Open the store that an earlier run wrote, if one did and it is whole."""
    # Where no store begins with these images, there is no use in hashing all of them first: they
    # are hashed as they are decoded, from the same bytes.
    if not any(folder.glob("*-*")):
        return None
    start = [
        content_or_unread(samples[row], samples.images)[0] for row in range(min(FIRST, form.n))
    ]
    if not any(folder.glob(f"{_beginning(start, form)}-*")):
        return None
    content, missing = _contents(samples, form, pool, progress)
    return _open(folder, content, missing, form, pool)


def _open(
    folder: Path,
    content: tuple[str, ...],
    missing: dict[int, str],
    form: Form,
    pool: ThreadPoolExecutor | None,
) -> _Found | None:
    """Open a store if it is there and whole; `pool` as `read_store` has it."""
    path = folder / _name(content, form)
    if not path.is_dir():
        return None
    claim = hold(path)
    opened = read_store(path, form, pool)
    if opened is None:
        if claim is not None:
            claim.release()
        return None
    images, unreadable = opened
    if claim is not None:
        claim.release_with(images)
    return _Found(images=images, content=content, unreadable={**unreadable, **missing}, path=path)


def _unwritable(cache: Path, reason: str) -> DataError:
    return DataError(
        f"the image store cannot be written to {cache}: {reason}. Make room there, or set the "
        "environment variable CELLCLF_CACHE to a folder that can be written"
    )


def _name(content: tuple[str, ...], form: Form) -> str:
    return f"{_beginning(content[:FIRST], form)}-{_digest([form.n, *content])[:32]}"


def _beginning(start: Iterable[str], form: Form) -> str:
    return _digest([dict(VERSIONS), form.size, form.mode, *start])[:16]


def _digest(named: list[object]) -> str:
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def _contents(
    samples: Samples, form: Form, pool: ThreadPoolExecutor, progress: Progress
) -> tuple[tuple[str, ...], dict[int, str]]:
    content: list[str] = []
    missing: dict[int, str] = {}

    def hashed(rows: range) -> list[tuple[str, str]]:
        return [content_or_unread(samples[row], samples.images) for row in rows]

    with progress.task("checking images", form.n) as task:
        for block in map_ahead(pool, hashed, form.blocks, for_each_thread=BLOCKS_AHEAD):
            for digest, reason in block:
                if reason:
                    missing[len(content)] = reason
                content.append(digest)
            task.advance(len(block))
    return tuple(content), missing


def _write(
    folder: Path, samples: Samples, form: Form, pool: ThreadPoolExecutor, progress: Progress
) -> _Found | None:
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=folder))
    claim = hold(draft)
    try:
        with progress.task("reading images", form.n) as task:

            def read(rows: range) -> tuple[Block, int]:
                block = _block(samples, rows, form)
                return block, block.checksum

            def counted() -> Iterator[tuple[Block, int]]:
                for block, checksum in map_ahead(
                    pool, read, form.blocks, for_each_thread=BLOCKS_AHEAD
                ):
                    yield block, checksum
                    task.advance(len(block.content))

            content, reasons = write_store(draft, form, counted())
        missing = {row: reason for row, reason in reasons.items() if content[row] == UNREAD}
        return _publish(draft, content, missing, form, pool)
    finally:
        remove(draft)
        if claim is not None:
            claim.release()


def _block(samples: Samples, rows: range, form: Form) -> Block:
    """Read some samples; rows of those that are no image stay blank."""
    images = np.zeros((len(rows), *form.shape[1:]), np.uint8)
    content = []
    reasons = {}
    for place, row in enumerate(rows):
        square = read_square(samples[row], samples.images, size=form.size, mode=form.mode)
        content.append(square.content)
        if square.image is None:
            reasons[row] = square.reason
        else:
            images[place] = square.image
    return Block(images=images, content=tuple(content), reasons=reasons)


def _publish(
    draft: Path,
    content: tuple[str, ...],
    missing: dict[int, str],
    form: Form,
    pool: ThreadPoolExecutor,
) -> _Found | None:
    """Move a finished draft to its place, unless a whole store has got there meanwhile."""
    store = draft.parent / _name(content, form)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            draft.rename(store)
            sync_folder(store.parent)
        except OSError:
            found = _open(store.parent, content, missing, form, pool)
            if found is not None:
                return found
            if attempt == ATTEMPTS:
                raise
            remove(store)  # what lies there is damaged
        else:
            break
    return _open(store.parent, content, missing, form, None)
