"""One pass over the images of a set: each is opened once, at its full size, and measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.appearance import APPEARANCE, appearance
from cellclf.auditing.file_facts import file_facts
from cellclf.auditing.keypoints import Description, describe
from cellclf.auditing.remembered import Measured, file_for, recalled, remember
from cellclf.data.ahead import map_ahead
from cellclf.data.holding import in_use
from cellclf.data.reading import content_hash, content_or_unread, read_stored
from cellclf.data.samples import Samples
from cellclf.errors import DataError, ImageError, RunError
from cellclf.processors import processor_count
from cellclf.progress import Progress

__all__ = ["Measurements", "measure"]

WAITING_FOR_EACH = 8
"""Images handed to each thread of the pool ahead of time: enough that none is idle."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Measurements:
    """What the pass found, one entry a sample.

    Attributes:
        content: SHA-256 of what each sample shows; empty where its file could not be read at all.
        unreadable: Reason by row, for each sample that is no usable image.
        appearance: Rows of `cellclf.auditing.appearance.APPEARANCE`, shape `(n,)`; zero where
            unreadable.
        descriptions: What finds copies; `None` where unreadable.
    """

    content: tuple[str, ...]
    unreadable: Mapping[int, str]
    appearance: NDArray[Any]
    descriptions: tuple[Description | None, ...]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Which samples are usable images, shape `(n,)`."""
        return np.array([one is not None for one in self.descriptions], dtype=bool)


def measure(
    samples: Samples,
    *,
    cache: Path,
    progress: Progress,
    content: Sequence[str] | None = None,
) -> Measurements:
    """Measure every image of a set.

    A file is read once and decoded once. Where an earlier audit of the set left its measurements,
    a file is read but not decoded, or not even read if `content` says what it holds. Images are
    dropped as soon as they are measured, so that memory grows by the measurements alone, 290 bytes
    and a description each.

    Args:
        samples: The set.
        cache: Folder under which measurements are kept, in `audits/`.
        progress: Told how many images are measured.
        content: Hash of what each sample shows, where it is known already, as
            `ImageStore.content`; empty for files that cannot be read.

    Raises:
        DataError: `content` is not one hash a sample.
    """
    if content is not None and len(content) != len(samples):
        raise DataError(
            f"`content` must hold one hash a sample. Received: {len(content)} for {len(samples)}"
        )
    kept = file_for(samples, cache)
    with in_use(kept):
        return _gathered(_looked_at(samples, content, kept, progress))


def _looked_at(
    samples: Samples, content: Sequence[str] | None, kept: Path, progress: Progress
) -> list[tuple[str, Measured | str]]:
    """What each sample shows, and its measurement, from `kept` where it is there, or the reason."""
    known = recalled(kept)

    def look(row: int) -> tuple[str, Measured | str]:
        """What one sample shows, and its measurement or the reason why it has none."""
        sample = samples[row]
        try:
            if content is not None and content[row] in known:
                return content[row], known[content[row]]
            if content is None and known:
                digest = content_hash(sample, samples.images)
                if digest in known:
                    return digest, known[digest]
            digest, stored, image = read_stored(sample, samples.images)
        except ImageError as error:
            return content_or_unread(sample, samples.images)[0], str(error)
        form, flags = file_facts(stored)
        return digest, Measured(
            appearance=appearance(image, form=form, flags=flags), description=describe(image)
        )

    found: list[tuple[str, Measured | str]] = []
    try:
        with (
            ThreadPoolExecutor(processor_count()) as pool,
            progress.task("looking at images", len(samples)) as task,
        ):
            for one in map_ahead(pool, look, range(len(samples)), for_each_thread=WAITING_FOR_EACH):
                found.append(one)
                task.advance()
    finally:  # of an audit that was stopped, too: the next one goes on from there
        _keep(kept, known, found, len(samples), progress)
    return found


def _keep(
    path: Path,
    known: Mapping[str, Measured],
    found: Sequence[tuple[str, Measured | str]],
    wanted: int,
    progress: Progress,
) -> None:
    """Remember what was measured, if any of it is new; what was not reached stays as it was."""
    measured = {digest: one for digest, one in found if isinstance(one, Measured)}
    if not measured.keys() - known.keys():
        return
    if len(found) < wanted:
        measured = {**known, **measured}
    try:
        remember(path, list(measured), list(measured.values()))
    except RunError as error:
        progress.warn(f"the next audit will take as long as this one: {error}")


def _gathered(found: Sequence[tuple[str, Measured | str]]) -> Measurements:
    rows = np.zeros(len(found), APPEARANCE)
    descriptions: list[Description | None] = [None] * len(found)
    unreadable = {}
    for row, (_, one) in enumerate(found):
        if isinstance(one, Measured):
            rows[row] = one.appearance
            descriptions[row] = one.description
        else:
            unreadable[row] = one
    return Measurements(
        content=tuple(digest for digest, _ in found),
        unreadable=unreadable,
        appearance=rows,
        descriptions=tuple(descriptions),
    )
