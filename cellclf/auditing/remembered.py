"""Measurements of an earlier audit, kept so that the next one decodes only what is new.

One file a set, named after where its images lie; inside, every row is found by the hash of what it
was measured on. A changed image is therefore measured again, and the rest of its set is not.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.appearance import APPEARANCE, APPEARANCE_VERSION
from cellclf.auditing.keypoints import DESCRIPTION_VERSION, Description
from cellclf.data.holding import writing
from cellclf.data.samples import Samples
from cellclf.data.store_files import VERSIONS

__all__ = ["DAMAGED", "Measured", "file_for", "recalled", "remember"]

FORMAT = 1
"""Raise it when the layout of the file changes."""

DIGEST = "S64"
"""SHA-256 in hexadecimal."""

DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    StopIteration,
    RuntimeError,  # a flag that says encrypted, a compression that there is not
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
)
"""What reading a damaged file of arrays can raise; it is then as if there were none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What is kept of one image.

    Attributes:
        appearance: One row of `cellclf.auditing.appearance.APPEARANCE`, shape `()`.
        description: What finds its copies.
    """

    appearance: NDArray[Any]
    description: Description


def file_for(samples: Samples, cache: Path) -> Path:
    """Return where measurements of these samples are kept below `cache`.

    The name changes with everything that could make the numbers come out otherwise.
    """
    versions = [FORMAT, APPEARANCE_VERSION, DESCRIPTION_VERSION, dict(VERSIONS)]
    digest = hashlib.sha256(json.dumps(versions).encode())
    shape = None if samples.images is None else samples.images.shape
    for sample in samples:
        address = [sample.path, sample.member, sample.index, sample.box, sample.path or shape]
        digest.update(json.dumps(address).encode())
    return cache / "audits" / f"{digest.hexdigest()}.npz"


def remember(path: Path, content: Sequence[str], measured: Sequence[Measured]) -> None:
    """Write measurements by content; the file appears whole or not at all.

    Args:
        path: As `file_for`.
        content: SHA-256 of what each was measured on.
        measured: The measurements, at least one.

    Raises:
        RunError: The place cannot be written to.
    """
    arrays: dict[str, NDArray[Any]] = {
        "content": np.array(content, DIGEST),
        "appearance": np.array([one.appearance for one in measured], APPEARANCE),
    }
    for field in fields(Description):
        arrays |= _joined(field.name, [getattr(one.description, field.name) for one in measured])
    with writing(path) as partial:
        np.savez(partial, allow_pickle=False, **arrays)


def recalled(path: Path) -> Mapping[str, Measured]:
    """Return what `remember` wrote, by content; nothing where there is no whole file."""
    try:
        # Opened here: NumPy leaves a damaged file open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        content = [str(digest, "ascii") for digest in arrays["content"].tolist()]
        rows = arrays["appearance"]
        described = {field.name: _pieces(arrays, field.name) for field in fields(Description)}
        if rows.dtype != APPEARANCE:
            return {}
        return {
            digest: Measured(
                appearance=rows[row],
                description=Description(**{name: one[row] for name, one in described.items()}),
            )
            for row, digest in enumerate(content)
        }
    except DAMAGED:
        return {}


def _joined(name: str, values: Sequence[NDArray[Any] | None]) -> dict[str, NDArray[Any]]:
    """One field of all descriptions, whatever their shapes, as three arrays."""
    given = [value for value in values if value is not None]
    return {
        f"given {name}": np.array([value is not None for value in values]),
        f"shape {name}": np.array([value.shape for value in given], np.int64),
        f"flat {name}": np.concatenate([value.ravel() for value in given] or [np.empty(0)]),
    }


def _pieces(arrays: Mapping[str, NDArray[Any]], name: str) -> list[Any]:
    """The values of one field as they were before they were joined."""
    shapes, flat = arrays[f"shape {name}"], arrays[f"flat {name}"]
    sizes = [int(np.prod(shape)) for shape in shapes]
    starts = np.cumsum([0, *sizes])
    pieces = (
        flat[start : start + size].reshape(shape)
        for start, size, shape in zip(starts, sizes, shapes, strict=False)
    )
    return [next(pieces) if given else None for given in arrays[f"given {name}"]]
