"""The header of a bundle, judged before anything big is read.

A safetensors file is the length of its header (8 bytes, little endian), the header (JSON: type,
shape and place of each tensor, and `__metadata__`), and the tensors' bytes without a gap.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeGuard

import numpy as np

from cellclf.errors import BundleError

__all__ = [
    "MAX_FILE_BYTES",
    "MAX_HEADER_BYTES",
    "METADATA_KEY",
    "TENSOR_TYPES",
    "Header",
    "Place",
    "cut_short",
    "read_header",
]

METADATA_KEY = "cellclf"

TENSOR_TYPES: Mapping[str, np.dtype[Any]] = {
    "F16": np.dtype(np.float16),
    "F32": np.dtype(np.float32),
    "I8": np.dtype(np.int8),
    "I16": np.dtype(np.int16),
    "I32": np.dtype(np.int32),
    "I64": np.dtype(np.int64),
    "U8": np.dtype(np.uint8),
    "U16": np.dtype(np.uint16),
    "U32": np.dtype(np.uint32),
    "U64": np.dtype(np.uint64),
}
"""Types of tensor that a bundle may hold, by safetensors' name for them."""

LENGTH_BYTES = 8

MAX_HEADER_BYTES = 4 << 20
"""4 MiB: a thousand tensors take 0.1 MiB. Read as JSON, text can take thirty times its length."""

MAX_FILE_BYTES = 640 << 20
"""640 MiB: VGG16 with its three dense layers, large for a network of cells, takes 528. What is read
stands in memory once, so that whatever a file promises, less than 1 GiB is needed to refuse it."""

MAX_DIMENSIONS = 8
"""A convolution over three dimensions has five."""

MAX_NAME = 256
"""Characters of a tensor's name, which stands in messages."""

SHOWN = 40
"""Characters that a message repeats of what a damaged file says."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a tensor is in the file, and what it is.

    Attributes:
        name: Its name.
        dtype: Type of its numbers.
        shape: Its shape.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a file says that it holds; its numbers are not read yet.

    Attributes:
        content: The bytes that were read, all up to the first tensor.
        digest: What the digest of manifest and tensors must be, hexadecimal.
        manifest: Not yet looked at.
        places: The tensors, in the order of the file, without a gap up to its end.
    """

    content: bytes
    digest: str
    manifest: dict[str, Any]
    places: tuple[Place, ...]


def read_header(path: Path, file: BinaryIO, *, size: int) -> Header:
    """Read the header of a bundle, and no more than that.

    Args:
        path: What messages call the file.
        file: The file, at its beginning; it is left where the tensors begin.
        size: How many bytes it has.

    Raises:
        BundleError: It is cut short, larger than a bundle can be, or no bundle.
    """
    start = file.read(LENGTH_BYTES)
    length = int.from_bytes(start, "little")
    if size <= LENGTH_BYTES or length < 2:
        raise BundleError(_not_a_bundle(path, "empty" if not size else "another format"))
    text = file.read(min(length, MAX_HEADER_BYTES))
    if length > MAX_HEADER_BYTES:
        if length > size or text[:1] != b"{":
            raise BundleError(_not_a_bundle(path, "another format"))
        raise BundleError(
            f"{path} has a header of {length:,} bytes: that of a bundle has at most "
            f"{MAX_HEADER_BYTES:,}, which is enough for 1,000 classes"
        )
    header = _header_object(path, text, length)
    metadata = header.pop("__metadata__", None)
    entry = metadata.get(METADATA_KEY) if isinstance(metadata, dict) else None
    if not isinstance(entry, str):
        raise BundleError(_not_a_bundle(path, "a safetensors file without a cellclf manifest"))
    digest, manifest = _entry(path, entry)
    if size > MAX_FILE_BYTES:
        raise BundleError(
            f"{path} has {size:,} bytes: a bundle has at most {MAX_FILE_BYTES:,}, so that reading "
            "one cannot fill the memory"
        )
    return Header(
        content=start + text,
        digest=digest,
        manifest=manifest,
        places=_places(path, header, size - LENGTH_BYTES - length),
    )


def _header_object(path: Path, text: bytes, length: int) -> dict[str, Any]:
    try:
        return _object(text.decode("utf-8"))
    except (ValueError, RecursionError):
        # A file of another kind rarely starts as JSON where a header would.
        if text[:1] != b"{":
            raise BundleError(_not_a_bundle(path, "another format")) from None
        if len(text) < length:
            raise BundleError(cut_short(path)) from None
        raise BundleError(f"{path} is damaged: its header cannot be read") from None


def _entry(path: Path, entry: str) -> tuple[str, dict[str, Any]]:
    """What the metadata says: the digest, and the manifest."""
    try:
        content = _object(entry)
        if content.keys() != {"digest", "manifest"}:
            raise ValueError("it must hold a digest and a manifest")
        digest, manifest = content["digest"], content["manifest"]
        if not isinstance(digest, str) or not isinstance(manifest, dict):
            raise ValueError("the digest must be a text, and the manifest an object")
    except (ValueError, RecursionError) as error:
        raise BundleError(
            f"{path} has a manifest that cannot be read, the file is damaged: {error}"
        ) from None
    return digest, manifest


def _places(path: Path, header: Mapping[str, Any], available: int) -> tuple[Place, ...]:
    """Each tensor must be of a known type, as long as its shape says, and touch its neighbours."""
    found = []
    for name, tensor in header.items():
        if len(name) > MAX_NAME or not name.isprintable():
            raise BundleError(f"{path} is damaged: {name[:SHOWN]!r} is no name of a tensor")
        described = tensor if isinstance(tensor, dict) else {}
        kind, shape = described.get("dtype"), described.get("shape")
        offsets = described.get("data_offsets")
        if (
            len(described) != len({"dtype", "shape", "data_offsets"})
            or not (_counts(shape) and len(shape) <= MAX_DIMENSIONS)
            or not (_counts(offsets) and len(offsets) == 2)
        ):
            raise BundleError(f"{path} is damaged: its header does not describe {name!r}")
        if not isinstance(kind, str) or kind not in TENSOR_TYPES:
            raise BundleError(
                f"{path} holds {name!r} of type {str(kind)[:SHOWN]!r}: a bundle holds only "
                f"{', '.join(TENSOR_TYPES)}"
            )
        dtype = TENSOR_TYPES[kind]
        start, end = offsets
        if end - start != math.prod(shape) * dtype.itemsize:
            raise BundleError(f"{path} is damaged: {name!r} is not as long as its shape says")
        found.append((start, end, Place(name=name, dtype=dtype, shape=tuple(shape))))
    found.sort(key=lambda one: one[:2])
    filled = 0
    for start, end, _ in found:
        if start != filled:
            raise BundleError(f"{path} is damaged: its tensors overlap or leave gaps")
        filled = end
    if available < filled:
        raise BundleError(cut_short(path))
    if available > filled:
        raise BundleError(f"{path} is damaged: something follows its last tensor")
    return tuple(place for _, _, place in found)


def _counts(value: Any) -> TypeGuard[list[int]]:
    """Whether it is a list of whole numbers that a file can hold so many of."""
    # `type`, not `isinstance`: true and false are ints.
    return isinstance(value, list) and all(
        type(item) is int and 0 <= item <= MAX_FILE_BYTES for item in value
    )


def _object(text: str) -> dict[str, Any]:
    """Read a JSON object. Raises ValueError or RecursionError where it is none."""
    found = json.loads(text, object_pairs_hook=_once_each, parse_constant=_refused)
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names differ: of a name that stands twice, readers may take either."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def cut_short(path: Path) -> str:
    """Say that the end of a file is missing."""
    return f"{path} is cut short: copy or download it again"


def _not_a_bundle(path: Path, what: str) -> str:
    return f"{path} is no cellclf bundle ({what}): a bundle is a file that `cellclf run` wrote"
