"""The bundle: a trained model as one safetensors file, of numbers and a manifest alone.

The file's metadata holds one entry, `cellclf`: JSON with the manifest and a digest of the manifest
and every tensor; that much no later version may change. Reading a bundle imports nothing that it
names and runs nothing that it holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save

from cellclf.errors import BundleError, DataError
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.drift import UsualLook
from cellclf.evaluation.outliers import OutlierScores
from cellclf.evaluation.prediction_files import Sidecar
from cellclf.files import write_bytes
from cellclf.inference.bundle_header import METADATA_KEY, TENSOR_TYPES, read_metadata
from cellclf.terms import ResizeMode

__all__ = ["SCHEMA_VERSION", "Bundle", "BundleManifest", "read_bundle", "write_bundle"]

SCHEMA_VERSION = 1
"""Raise it when a bundle can no longer be read by the version before."""

MAX_IMAGE_SIZE = 4096
MAX_CLASSES = 10_000
WEIGHTS = "weights/"
DECISION = "decision/"
APPEARANCE = "appearance/"
OUTLIERS = "outliers/"
TRAINED = "trained/images"
"""Name of the tensor by which the images that the model was trained on are known again."""

NO_IMAGES: NDArray[np.uint64] = np.zeros(0, np.uint64)

Arrays = Mapping[str, NDArray[Any]]


class BundleManifest(BaseModel):
    """What has to be known beside the weights to predict, and to tell where a model came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    architecture: str = Field(description="Name of the model spec.")
    distribution: str = Field(description="What pip calls the package that offers it.")
    distribution_version: str = Field(description="Version of that package, when trained.")
    params: dict[str, Any] = Field({}, description="The architecture's parameters.")
    classes: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        min_length=2, max_length=MAX_CLASSES, description="In the order of the outputs."
    )
    image_size: int = Field(ge=1, le=MAX_IMAGE_SIZE, description="Height and width in pixels.")
    resize: ResizeMode = Field(description="How images become square.")
    decode_version: int = Field(description="Version of the decoder that it was trained with.")
    synthetic: bool = Field(False, description="Trained on rendered images.")
    leaky: bool = Field(False, description="The figures of its run come from a split that leaks.")
    calibrated: bool = Field(False, description="Its probabilities are calibrated.")
    thresholds: dict[str, float] = Field(
        {}, description="What turns its probabilities into answers, less what there is by class."
    )
    confusion: tuple[tuple[int, ...], ...] | None = Field(
        None,
        description="Validation cells by true class (rows) and answer, `unidentified` last, to "
        "correct counts by.",
    )
    fingerprints: dict[str, str] = Field({}, description="Hashes of the data and the experiment.")
    environment: dict[str, str] = Field({}, description="Versions of what it was trained with.")

    def sidecar(self, *, model: str, sha256: str, thresholds: Mapping[str, float]) -> Sidecar:
        """Return what stands beside predictions of the model.

        Args:
            model: Its name in its run, or that of its file.
            sha256: Hash of its bundle.
            thresholds: What turns its probabilities into answers; empty where it is not calibrated.
        """
        return Sidecar(
            classes=self.classes,
            model=model,
            bundle_sha256=sha256,
            versions=self.environment,
            synthetic=self.synthetic,
            leaky=self.leaky,
            calibrated=bool(thresholds),
            thresholds=thresholds,
            confusion_part=None if self.confusion is None else "validation",
            confusion_counts=self.confusion,
        )

    @model_validator(mode="after")
    def _classes_differ(self) -> BundleManifest:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("class names must differ")
        return self


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
        BundleError: No weights, or weights that are no finite numbers.
        RunError: The place cannot be written to.
    """
    if not weights:
        raise BundleError("a bundle must hold weights. Received: none")
    for name, array in weights.items():
        if array.dtype not in TENSOR_TYPES.values():
            allowed = ", ".join(kind.name for kind in TENSOR_TYPES.values())
            raise BundleError(f"weight {name!r} must be one of {allowed}. Received: {array.dtype}")
        _check_finite(name, array)
    # `ascontiguousarray` gives a scalar a dimension; reshaping takes it away again.
    tensors = {
        WEIGHTS + name: np.ascontiguousarray(array).reshape(array.shape)
        for name, array in weights.items()
    }
    manifest = manifest.model_copy(
        update={
            "calibrated": decision is not None,
            "thresholds": {} if decision is None else decision.thresholds(),
        }
    )
    for name, array in ({} if decision is None else decision.arrays()).items():
        tensors[DECISION + name] = np.ascontiguousarray(array)
    for name, array in ({} if usual is None else usual.arrays()).items():
        tensors[APPEARANCE + name] = np.ascontiguousarray(array)
    for name, array in ({} if outliers is None else outliers.arrays()).items():
        tensors[OUTLIERS + name] = array
    if len(trained):
        tensors[TRAINED] = np.ascontiguousarray(trained)
    content = manifest.model_dump(mode="json")
    try:
        entry = _canonical({"digest": _digest(content, tensors), "manifest": content})
    except ValueError as error:
        raise BundleError(f"the manifest must fit into JSON: {error}") from error
    written = save(tensors, metadata={METADATA_KEY: entry})
    write_bytes(path, written)
    return hashlib.sha256(written).hexdigest()


def read_bundle(path: Path) -> Bundle:
    """Read a bundle.

    The header is judged before anything else is read: what is no bundle, is cut short or was made
    by a newer version costs next to nothing to refuse. Then the digest must fit every tensor.

    Raises:
        BundleError: There is no such file, or it is no bundle that can be trusted and read.
    """
    entry = read_metadata(path)
    manifest = _manifest(path, entry)
    try:
        content = path.read_bytes()
        tensors = load_tensors(content)
        digest = _digest(entry["manifest"], tensors)
    # What safetensors refuses the header check has refused; this is the second lock.
    except (OSError, SafetensorError, ValueError, KeyError, RecursionError) as error:
        raise BundleError(f"{path} is damaged: {error}") from error
    if digest != entry["digest"]:
        raise BundleError(
            f"{path} is damaged: its numbers are not those that were written. Copy it again"
        )
    trained = tensors.pop(TRAINED, NO_IMAGES)
    if trained.dtype != np.uint64 or trained.ndim != 1:
        raise BundleError(f"{path} is damaged: {TRAINED!r} is no list of fingerprints")
    decided_by, scored_by, appearance = (
        _taken(tensors, prefix) for prefix in (DECISION, OUTLIERS, APPEARANCE)
    )
    weights = {}
    for name, array in tensors.items():
        if not name.startswith(WEIGHTS):
            raise BundleError(f"{path} holds {name!r}, which a bundle has no place for")
        _check_finite(name, array)
        weights[name.removeprefix(WEIGHTS)] = array
    return Bundle(
        manifest=manifest,
        weights=MappingProxyType(weights),
        decision=_decision(path, manifest, decided_by),
        outliers=_outliers(path, scored_by),
        trained=trained,
        usual=_usual(path, manifest, appearance),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _manifest(path: Path, entry: Mapping[str, Any]) -> BundleManifest:
    written = entry["manifest"]
    version = written.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise BundleError(
            f"{path} was made by a newer cellclf (schema {version}); this version reads up to "
            f"{SCHEMA_VERSION}: upgrade cellclf"
        )
    try:
        return BundleManifest.model_validate_json(_canonical(written))
    except ValidationError as error:
        reason = "; ".join(
            f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors()
        )
    except (ValueError, RecursionError) as error:  # NaN, half a surrogate pair, endless nesting
        reason = str(error)
    raise BundleError(
        f"{path} has a manifest that this version of cellclf cannot read ({reason}). It is "
        "damaged, or was made by another version: train the model again"
    )


def _decision(path: Path, manifest: BundleManifest, arrays: Arrays) -> Decision | None:
    if not manifest.calibrated:
        return None
    for name, array in arrays.items():
        _check_finite(name, array)
    try:
        return Decision.read(manifest.thresholds, arrays, classes=len(manifest.classes))
    except DataError as error:
        raise BundleError(f"{path} is damaged: {error}") from error


def _usual(path: Path, manifest: BundleManifest, arrays: Arrays) -> UsualLook | None:
    try:
        return UsualLook.read(arrays, classes=len(manifest.classes))
    except DataError as error:
        raise BundleError(f"{path} is damaged: {error}") from error


def _outliers(path: Path, arrays: Arrays) -> OutlierScores | None:
    if not arrays:
        return None
    for name, array in arrays.items():
        _check_finite(name, array)
    try:
        return OutlierScores.read(arrays)
    except DataError as error:
        raise BundleError(f"{path} is damaged: {error}") from error


def _taken(tensors: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Take the tensors out whose names begin with `prefix`, and return them by the rest."""
    names = [name for name in tensors if name.startswith(prefix)]
    return {name.removeprefix(prefix): tensors.pop(name) for name in names}


def _check_finite(name: str, array: NDArray[Any]) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise BundleError(
            f"weight {name!r} must hold finite numbers. Received: NaN or infinity: the training "
            "diverged, try a lower learning rate"
        )


def _digest(manifest: Mapping[str, Any], tensors: Arrays) -> str:
    """SHA-256 over the manifest and every tensor's name, type, shape and bytes."""
    names = sorted(tensors)
    described = [[name, tensors[name].dtype.str, list(tensors[name].shape)] for name in names]
    digest = hashlib.sha256(_canonical([manifest, described]).encode())
    for name in names:
        digest.update(tensors[name].reshape(-1).data)
    return digest.hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
