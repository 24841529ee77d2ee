"""Links between copies that an earlier audit found, kept for the next one of the same images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.keypoints import DESCRIPTION_VERSION
from cellclf.auditing.measure import Measurements
from cellclf.auditing.near_duplicates import Link, near_duplicates
from cellclf.auditing.remembered import DAMAGED
from cellclf.data.holding import in_use, writing
from cellclf.data.samples import Samples
from cellclf.data.store_files import VERSIONS
from cellclf.errors import RunError
from cellclf.progress import Progress
from cellclf.ties import renumbered

__all__ = ["LINK_VERSION", "links_between"]

LINK_VERSION = 3
"""Raise it when other links may come of the same descriptions."""

LINK = np.dtype(
    [
        ("first", np.int64),
        ("second", np.int64),
        ("mirrored", np.bool_),
        ("overlap", np.float64),
        ("correlation", np.float64),
    ]
)
"""The fields of `Link`, in order."""


def links_between(
    samples: Samples, measured: Measurements, *, cache: Path, progress: Progress
) -> tuple[Link, ...]:
    """Return `near_duplicates` of what was measured, from the last audit where nothing changed.

    What is linked depends on what the images show, in their order, and on which of them are cut
    from one file: what is kept is called after that.

    Args:
        samples: The set.
        measured: As `measure`.
        cache: Folder under which links are kept, in `audits/`.
        progress: Told how far the search has come.
    """
    files = _files_of_cuts(samples)
    versions = [LINK_VERSION, DESCRIPTION_VERSION, dict(VERSIONS)]
    shown = [
        digest if readable else ""
        for digest, readable in zip(measured.content, measured.readable, strict=True)
    ]
    name = hashlib.sha256(json.dumps([versions, shown, files.tolist()]).encode()).hexdigest()
    path = cache / "audits" / f"links-{name}.npz"
    with in_use(path):
        kept = _recalled(path, len(samples))
        if kept is not None:
            return kept
        links = near_duplicates(measured.descriptions, progress=progress, files=files)
        try:
            _keep(path, links)
        except RunError as error:
            progress.warn(f"the next audit will take as long as this one: {error}")
    return links


def _keep(path: Path, links: Sequence[Link]) -> None:
    table = np.array([astuple(link) for link in links], LINK)
    with writing(path) as partial:
        np.savez(partial, links=table)


def _recalled(path: Path, count: int) -> tuple[Link, ...] | None:
    """The links that were kept, if they are whole: a zip file has a checksum of each array."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            kept: NDArray[Any] = file["links"]
    except DAMAGED:
        return None
    if kept.dtype != LINK or kept.ndim != 1:
        return None
    possible = (kept["first"] >= 0) & (kept["first"] < kept["second"]) & (kept["second"] < count)
    if not possible.all():
        return None
    return tuple(Link(**dict(zip(LINK.names or (), row, strict=True))) for row in kept.tolist())


def _files_of_cuts(samples: Samples) -> NDArray[np.intp]:
    """Number of the file that each sample is cut from; an image that is whole has its own."""
    names: dict[object, int] = {}
    numbers = []
    for row, sample in enumerate(samples):
        whole = sample.box is None
        address = row if whole else (sample.path, sample.member, sample.index)
        numbers.append(names.setdefault(address, len(names)))
    return renumbered(np.array(numbers, dtype=np.intp))
