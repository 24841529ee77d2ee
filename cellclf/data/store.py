"""Every image decoded and resized once, kept as one memory map that later runs find again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from cellclf.data.decode import DECODE_VERSION, resize
from cellclf.data.reading import content_hash, read_sample
from cellclf.data.samples import Samples
from cellclf.errors import DataError, ImageError
from cellclf.progress import Progress
from cellclf.terms import ResizeMode

__all__ = ["ImageStore", "open_store"]

PIXELS, RECORD = "images.npy", "store.json"
DRAFT = ".writing-"
ABANDONED = 24 * 60 * 60
"""Seconds after which nobody is taken to be writing a draft any more."""

UNREAD = ""
"""Content of a file that could not be read at all."""

AT_ONCE = 256
"""Images in the hands of the pool at one time: bounds memory, and is far above any core count."""

ATTEMPTS = 5
"""How often publishing is tried against writers of the same store; two need at most two."""

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class _Form:
    """How many images of what size a store holds."""

    n: int
    size: int
    mode: ResizeMode

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.n, self.size, self.size, 3


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
    `DECODE_VERSION` and OpenCV's own version: renamed or moved files find it again, a changed file
    does not. It is written in a folder beside its place and moved there whole, so that one that is
    there is complete, and of two processes writing the same one the later uses the earlier's.

    Args:
        samples: The images; they may be unreadable.
        size: Pixels along each side, at least 1.
        mode: How an image becomes square; see `cellclf.data.decode.resize`.
        cache: Folder under which stores are kept, in `stores/`.
        progress: Told how many files are read.

    Raises:
        DataError: No samples, a bad `size` or `mode`, a cache that cannot be written, or a file
            that changed while it was being read.
    """
    if not samples:
        raise DataError("there are no images to read")
    resize(np.zeros((1, 1, 3), np.uint8), size, mode)  # refuses a bad size or mode before any work
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        content, missing = _contents(samples, pool, progress)
        form = _Form(n=len(samples), size=size, mode=mode)
        store = cache / "stores" / _key(content, form)
        found = _open(store, form)
        was_warm = found is not None
        if found is None:
            try:
                _write(store, samples, content, form, pool, progress)
                found = _open(store, form)
            except OSError as error:
                raise _unwritable(cache, str(error.strerror or error)) from error
            if found is None:
                raise _unwritable(cache, "what was written there cannot be read back")
    images, unreadable = found
    return ImageStore(
        images=images,
        content=content,
        unreadable=MappingProxyType({**unreadable, **missing}),
        path=store,
        was_warm=was_warm,
    )


def _unwritable(cache: Path, reason: str) -> DataError:
    return DataError(
        f"the image store cannot be written to {cache}: {reason}. Make room there, or set the "
        "environment variable CELLCLF_CACHE to a folder that can be written"
    )


def _key(content: tuple[str, ...], form: _Form) -> str:
    named = json.dumps([DECODE_VERSION, cv2.__version__, form.size, form.mode, content])
    return hashlib.sha256(named.encode()).hexdigest()


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[int], Result], count: int
) -> Iterator[Result]:
    """`map`, but holding no more than `AT_ONCE` results that nobody has taken yet."""
    for first in range(0, count, AT_ONCE):
        yield from pool.map(work, range(first, min(first + AT_ONCE, count)))


def _content(samples: Samples, row: int) -> tuple[str, str]:
    """Hash of one sample, and the reason why there is none, if there is none."""
    try:
        return content_hash(samples[row], samples.images), ""
    except ImageError as error:
        return UNREAD, str(error)


def _contents(
    samples: Samples, pool: ThreadPoolExecutor, progress: Progress
) -> tuple[tuple[str, ...], dict[int, str]]:
    content, missing = [], {}
    with progress.task("checking images", len(samples)) as task:
        found = _in_order(pool, lambda row: _content(samples, row), len(samples))
        for row, (digest, reason) in enumerate(found):
            content.append(digest)
            if reason:
                missing[row] = reason
            task.advance()
    return tuple(content), missing


def _open(store: Path, form: _Form) -> tuple[NDArray[np.uint8], dict[int, str]] | None:
    """Pixels and reasons of a store that is whole, or `None`."""
    try:
        record = json.loads((store / RECORD).read_text(encoding="utf-8"))
        unreadable = {int(row): str(reason) for row, reason in record["unreadable"].items()}
        images = np.load(store / PIXELS, mmap_mode="r", allow_pickle=False)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
        return None
    whole = (
        isinstance(images, np.memmap)
        and images.shape == form.shape == tuple(record["shape"])
        and images.dtype == np.uint8
        and images.flags.c_contiguous
    )
    return (images, unreadable) if whole else None


def _write(
    store: Path,
    samples: Samples,
    content: tuple[str, ...],
    form: _Form,
    pool: ThreadPoolExecutor,
    progress: Progress,
) -> None:
    store.parent.mkdir(parents=True, exist_ok=True)
    _sweep(store.parent)
    draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=store.parent))
    unreadable: dict[int, str] = {}
    try:
        # Written as a plain file, not through a map: a full disk is then an error, not SIGBUS.
        with (draft / PIXELS).open("wb") as file, progress.task("reading images", form.n) as task:
            np.lib.format.write_array_header_1_0(
                file, {"descr": "|u1", "fortran_order": False, "shape": form.shape}
            )
            rows = _in_order(pool, lambda row: _read(row, samples, content, form), form.n)
            for row, (image, reason) in enumerate(rows):
                if reason:
                    unreadable[row] = reason
                file.write(image.data)
                task.advance()
        record = {
            "decode_version": DECODE_VERSION,
            "opencv": cv2.__version__,
            "shape": form.shape,
            "mode": form.mode,
            "unreadable": unreadable,
        }
        text = json.dumps(record, indent=1)
        (draft / RECORD).write_text(text + "\n", encoding="utf-8")
        _publish(draft, store, form)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove the drafts of runs that were killed: they may be as large as a store."""
    for draft in folder.glob(f"{DRAFT}*"):
        with suppress(OSError):
            if time.time() - draft.stat().st_mtime > ABANDONED:
                shutil.rmtree(draft, ignore_errors=True)


def _read(
    row: int, samples: Samples, content: tuple[str, ...], form: _Form
) -> tuple[NDArray[np.uint8], str]:
    """One row of the store, and the reason why it is blank, if it is."""
    blank = np.zeros((form.size, form.size, 3), np.uint8)
    if content[row] == UNREAD:
        return blank, ""
    reason = ""
    try:
        digest, image = read_sample(samples[row], samples.images)
    except ImageError as error:
        reason = str(error)
        digest, _ = _content(samples, row)
    if digest != content[row]:
        # The store would be kept under the name of what the file held before.
        raise DataError(
            f"{samples[row].id} changed while it was being read. Run again when nothing writes "
            "to the images"
        )
    return (blank, reason) if reason else (resize(image, form.size, form.mode), "")


def _publish(draft: Path, store: Path, form: _Form) -> None:
    """Move a finished draft to its place, unless a whole store has got there meanwhile."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            draft.rename(store)
        except OSError:
            if _open(store, form) is not None:
                return
            if attempt == ATTEMPTS:
                raise
        else:
            return
        # What lies there is damaged. Moved aside before it is deleted: nobody sees half of it.
        aside = Path(tempfile.mkdtemp(prefix=".damaged-", dir=store.parent))
        with suppress(OSError):
            store.rename(aside / store.name)
        shutil.rmtree(aside, ignore_errors=True)
