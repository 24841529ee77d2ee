"""The bundle: a trained model as one safetensors file, of numbers and a manifest alone.

The file's metadata holds one entry, `cellclf`: JSON with the manifest and a digest of the manifest
and every tensor; that much no later version may change. Reading a bundle imports nothing that it
names and runs nothing that it holds.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from cellclf.errors import BundleError, DataError
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.drift import UsualLook
from cellclf.evaluation.outliers import OutlierScores
from cellclf.files import write_bytes
from cellclf.inference.bundle_header import (
    MAX_FILE_BYTES,
    MAX_HEADER_BYTES,
    METADATA_KEY,
    TENSOR_TYPES,
    read_header,
)
from cellclf.inference.bundle_tensors import read_tensors
from cellclf.inference.manifest import BundleManifest, canonical, read_manifest
from cellclf.inference.migrations import SCHEMA_VERSION

__all__ = [
    "SCHEMA_VERSION",
    "Bundle",
    "BundleManifest",
    "read_bundle",
    "require_room",
    "write_bundle",
]

WEIGHTS = "weights/"
DECISION = "decision/"
APPEARANCE = "appearance/"
OUTLIERS = "outliers/"
TRAINED = "trained/images"
"""Name of the tensor by which the images that the model was trained on are known again."""

NO_IMAGES: NDArray[np.uint64] = np.zeros(0, np.uint64)

MAX_OUTLIERS_BYTES = 128 << 20
"""128 MiB of what tells outliers, which takes twice as much again where it is used. With eight
classes the first-party networks, as they come, take less than 1 MiB."""

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What a bundle holds.

    Attributes:
        manifest: What is known of the model.
        weights: Arrays by path of the variable.
        decision: What turns its probabilities into answers; `None` where it is not calibrated.
        outliers: What tells how unlike the training images an image is; `None` where nothing does.
        trained: `cellclf.evaluation.sources.fingerprint` of the images that it was trained on;
            empty where that was not recorded.
        usual: What its training images look like; `None` where that was not recorded.
        sha256: Hash of the file, hexadecimal.
    """

    manifest: BundleManifest
    weights: Arrays
    decision: Decision | None
    outliers: OutlierScores | None
    trained: NDArray[np.uint64]
    sha256: str
    usual: UsualLook | None = None


def require_room(parameters: int) -> None:
    """Make sure that a bundle can hold a network, before that is trained for hours.

    Args:
        parameters: How many numbers its weights are, of four bytes each.

    Raises:
        BundleError: It cannot.

    Example:
        >>> require_room(138_357_544)  # VGG16 as published, the largest of its kind
    """
    needed = parameters * np.dtype(np.float32).itemsize + MAX_HEADER_BYTES
    if needed > MAX_FILE_BYTES:
        raise BundleError(
            f"a bundle has at most {MAX_FILE_BYTES:,} bytes, and this network of {parameters:,} "
            f"parameters takes {needed:,}: choose smaller images or another architecture"
        )


def write_bundle(
    path: Path,
    manifest: BundleManifest,
    weights: Arrays,
    *,
    decision: Decision | None = None,
    outliers: OutlierScores | None = None,
    trained: NDArray[np.uint64] = NO_IMAGES,
    usual: UsualLook | None = None,
) -> str:
    """Write a bundle, whole or not at all; the same content gives the same bytes.

    Args:
        path: Where to; missing folders are made.
        manifest: What is known of the model; whether it is calibrated, and by what, follows from
            `decision`.
        weights: Arrays by path of the variable, as `cellclf.network.build.weights_of` gives them.
        decision: What turns its probabilities into answers.
        outliers: What tells how unlike the training images an image is.
        trained: `cellclf.evaluation.sources.fingerprint` of the images that it was trained on.
        usual: What its training images look like.

    Returns:
        SHA-256 of the file, hexadecimal.

    Raises:
        BundleError: No weights, weights that are no finite numbers, or more than a bundle can hold.
        DataError: What tells outliers is more than a bundle can hold.
        RunError: The place cannot be written to.
    """
    if not weights:
        raise BundleError("a bundle must hold weights. Received: none")
    for name, array in weights.items():
        if array.dtype not in TENSOR_TYPES.values():
            allowed = ", ".join(kind.name for kind in TENSOR_TYPES.values())
            raise BundleError(f"weight {name!r} must be one of {allowed}. Received: {array.dtype}")
        if not _is_finite(array):
            raise BundleError(
                f"weight {name!r} must hold finite numbers. Received: NaN or infinity: the "
                "training diverged, try a lower learning rate"
            )
    # `ascontiguousarray` gives a scalar a dimension; reshaping takes it away again.
    tensors = {
        WEIGHTS + name: np.ascontiguousarray(array).reshape(array.shape)
        for name, array in weights.items()
    }
    manifest = manifest.model_copy(
        update={"thresholds": {} if decision is None else decision.thresholds()}
    )
    for name, array in ({} if decision is None else decision.arrays()).items():
        tensors[DECISION + name] = np.ascontiguousarray(array)
    for name, array in ({} if usual is None else usual.arrays()).items():
        tensors[APPEARANCE + name] = np.ascontiguousarray(array)
    scored_by = {} if outliers is None else outliers.arrays()
    _check_outliers_size(scored_by)
    for name, array in scored_by.items():
        tensors[OUTLIERS + name] = array
    if len(trained):
        tensors[TRAINED] = np.ascontiguousarray(trained)
    content = manifest.model_dump(mode="json")
    try:
        entry = canonical({"digest": _digest(content, tensors), "manifest": content})
    except ValueError as error:
        raise BundleError(f"the manifest must fit into JSON: {error}") from error
    written = save(tensors, metadata={METADATA_KEY: entry})
    # What would be refused when it is read is not written.
    read_header(path, io.BytesIO(written), size=len(written))
    write_bytes(path, written)
    return hashlib.sha256(written).hexdigest()


def read_bundle(path: Path) -> Bundle:
    """Read a bundle.

    The header is judged before anything else is read: what is no bundle, is cut short or was made
    by a newer version costs next to nothing to refuse. Then the digest must fit every tensor. The
    manifest of an older bundle is brought to the present schema (`cellclf.inference.migrations`).

    Raises:
        BundleError: There is no such file, or it is no bundle that can be trusted and read.
    """
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "something else"
        raise BundleError(f"a bundle must be a file. Received: {what}, {path}")
    try:
        with path.open("rb") as file:
            header = read_header(path, file, size=os.fstat(file.fileno()).st_size)
            manifest = read_manifest(path, header.manifest)
            tensors, sha256 = read_tensors(path, file, header)
    except FileNotFoundError:
        raise BundleError(f"no such bundle or run directory: {path}") from None
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror or error}") from error
    if _digest(header.manifest, tensors) != header.digest:
        raise BundleError(
            f"{path} is damaged: its numbers are not those that were written. Copy it again"
        )
    try:
        return _put_together(manifest, tensors, sha256)
    except DataError as error:
        raise BundleError(f"{path} is damaged: {error}") from error


def _put_together(
    manifest: BundleManifest, tensors: dict[str, NDArray[Any]], sha256: str
) -> Bundle:
    """A bundle from what was read. Raises DataError where the parts do not fit."""
    for name, array in tensors.items():
        if not _is_finite(array):
            raise DataError(f"{name!r} holds NaN or infinity")
    trained = tensors.pop(TRAINED, NO_IMAGES)
    ascending = trained.ndim == 1 and bool((trained[1:] > trained[:-1]).all())
    if trained.dtype != np.uint64 or not ascending:
        raise DataError(f"{TRAINED!r} is no list of fingerprints")
    decided_by, scored_by, appearance = (
        _taken(tensors, prefix) for prefix in (DECISION, OUTLIERS, APPEARANCE)
    )
    for name in tensors:
        if not name.startswith(WEIGHTS):
            raise DataError(f"it holds {name!r}, which a bundle has no place for")
    if not tensors:
        raise DataError("it holds no weights")
    number = len(manifest.classes)
    decision = (
        Decision.read(manifest.thresholds, decided_by, classes=number)
        if manifest.thresholds or decided_by
        else None
    )
    outliers = _outliers(scored_by, classes=number)
    if decision is not None and decision.refusal is not None and outliers is None:
        raise DataError("it refuses cells by a score, and what the score comes from is missing")
    return Bundle(
        manifest=manifest,
        weights=MappingProxyType(
            {name.removeprefix(WEIGHTS): array for name, array in tensors.items()}
        ),
        decision=decision,
        outliers=outliers,
        trained=trained,
        usual=UsualLook.read(appearance, classes=number),
        sha256=sha256,
    )


def _outliers(arrays: Arrays, *, classes: int) -> OutlierScores | None:
    if not arrays:
        return None
    _check_outliers_size(arrays)
    found = OutlierScores.read(arrays)
    if len(found.means) > classes:
        raise DataError(f"'means' must have at most {classes} rows. Received: {len(found.means)}")
    return found


def _check_outliers_size(arrays: Arrays) -> None:
    size = sum(array.nbytes for array in arrays.values())
    if size > MAX_OUTLIERS_BYTES:
        raise DataError(
            f"what tells outliers must take at most {MAX_OUTLIERS_BYTES:,} bytes. "
            f"Received: {size:,} bytes, of features that are too many"
        )


def _taken(tensors: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Take the tensors out whose names begin with `prefix`, and return them by the rest."""
    names = [name for name in tensors if name.startswith(prefix)]
    for name in names:
        if tensors[name].dtype != np.float32:
            raise DataError(f"{name!r} must be of type float32. Received: {tensors[name].dtype}")
    return {name.removeprefix(prefix): tensors.pop(name) for name in names}


def _is_finite(array: NDArray[Any]) -> bool:
    # By its ends: `isfinite` of all would take as many bytes as there are numbers.
    if array.dtype.kind != "f" or not array.size:
        return True
    return bool(np.isfinite(array.min()) and np.isfinite(array.max()))


def _digest(manifest: Mapping[str, Any], tensors: Arrays) -> str:
    """SHA-256 over the manifest and every tensor's name, type, shape and bytes."""
    names = sorted(tensors)
    described = [[name, tensors[name].dtype.str, list(tensors[name].shape)] for name in names]
    digest = hashlib.sha256(canonical([manifest, described]).encode())
    for name in names:
        digest.update(tensors[name].reshape(-1).data)
    return digest.hexdigest()
