"""The header of a bundle, judged before anything big is read.

A safetensors file is the length of its header (8 bytes, little endian), the header (JSON: type,
shape and place of each tensor, and `__metadata__`), and the tensors' bytes without a gap.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from cellclf.errors import BundleError

__all__ = ["METADATA_KEY", "TENSOR_TYPES", "read_metadata"]

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
MAX_HEADER_BYTES = 16 << 20
"""16 MiB: a thousand tensors take 0.1 MiB; safetensors itself allows 100 MB."""
MAX_FILE_BYTES = 8 << 30
"""8 GiB: a hundred times the largest network that is offered."""


def read_metadata(path: Path) -> dict[str, Any]:
    """Read what the header of a bundle says of it, reading no more than the header.

    Returns:
        `digest`, a text, and `manifest`, a mapping whose content is not yet looked at.

    Raises:
        BundleError: There is no such file, it is cut short, or it is no bundle.
    """
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "something else"
        raise BundleError(f"a bundle must be a file. Received: {what}, {path}")
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            if size <= LENGTH_BYTES or not 2 <= length <= MAX_HEADER_BYTES:
                raise BundleError(_not_a_bundle(path, "empty" if not size else "another format"))
            if size > MAX_FILE_BYTES:
                raise BundleError(_not_a_bundle(path, f"{size} bytes"))
            text = file.read(length)
    except FileNotFoundError:
        raise BundleError(f"no such bundle: {path}") from None
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror or error}") from error
    header = _object(text)
    if header is None:
        # A file of another kind rarely starts as JSON where a header would.
        cut = len(text) < length and text[:1] == b"{"
        raise BundleError(_cut_short(path) if cut else _not_a_bundle(path, "another format"))
    metadata = header.pop("__metadata__", None)
    entry = metadata.get(METADATA_KEY) if isinstance(metadata, dict) else None
    if not isinstance(entry, str):
        raise BundleError(_not_a_bundle(path, "a safetensors file without a cellclf manifest"))
    content = _object(entry.encode("utf-8", "surrogatepass"))
    if (
        content is None
        or set(content) != {"digest", "manifest"}
        or not isinstance(content["digest"], str)
        or not isinstance(content["manifest"], dict)
    ):
        raise BundleError(f"{path} has a manifest that cannot be read: the file is damaged")
    _check_places(path, header, size - LENGTH_BYTES - length)
    return content


def _check_places(path: Path, header: Mapping[str, Any], available: int) -> None:
    """Each tensor must be of a known type, as long as its shape says, and touch its neighbours."""
    spans = []
    for name, tensor in header.items():
        described = tensor if isinstance(tensor, dict) else {}
        kind, shape = described.get("dtype"), described.get("shape")
        offsets = described.get("data_offsets")
        if not (_counts(shape) and _counts(offsets) and len(offsets) == 2):
            raise BundleError(f"{path} is damaged: its header does not describe {name!r}")
        if not isinstance(kind, str) or kind not in TENSOR_TYPES:
            raise BundleError(
                f"{path} holds {name!r} of type {kind!r}: a bundle holds only "
                f"{', '.join(TENSOR_TYPES)}"
            )
        start, end = offsets
        if end - start != math.prod(shape) * TENSOR_TYPES[kind].itemsize:
            raise BundleError(f"{path} is damaged: {name!r} is not as long as its shape says")
        spans.append((start, end))
    filled = 0
    for start, end in sorted(spans):
        if start != filled:
            raise BundleError(f"{path} is damaged: its tensors overlap or leave gaps")
        filled = end
    if available < filled:
        raise BundleError(_cut_short(path))
    if available > filled:
        raise BundleError(f"{path} is damaged: something follows its last tensor")


def _counts(value: Any) -> TypeGuard[list[int]]:
    # `type`, not `isinstance`: true and false are ints.
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _cut_short(path: Path) -> str:
    return f"{path} is cut short: copy or download it again"


def _not_a_bundle(path: Path, what: str) -> str:
    return f"{path} is no cellclf bundle ({what}): a bundle is a file that `cellclf run` wrote"
