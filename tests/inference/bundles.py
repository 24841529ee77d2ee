"""A small bundle, all that a bundle can hold, and ways to rewrite one."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.evaluation.abstention import Review
from cellclf.evaluation.calibration import Calibration
from cellclf.evaluation.conformal import ConformalSets
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.drift import MEASURES, UsualLook
from cellclf.evaluation.outliers import OutlierScores
from cellclf.inference.bundle import BundleManifest
from tests.inference.mutated.parts import NUMPY, Parts, framed

__all__ = [
    "MANIFEST",
    "WEIGHTS",
    "Arrays",
    "decision",
    "outliers",
    "same",
    "sealed",
    "usual",
    "with_entry",
    "with_header",
    "with_manifest",
    "with_tensor",
]

Arrays = Mapping[str, NDArray[Any]]

MANIFEST = BundleManifest(
    architecture="tiny",
    distribution="cellclf-tiny",
    distribution_version="1.2",
    params={"width": 4, "name": "Ä"},
    classes=("round", "band, segmented", "白血球"),
    image_size=16,
    resize="stretch",
    decode_version=1,
    environment={"python": "3.11"},
)

WEIGHTS: dict[str, NDArray[Any]] = {
    "conv/kernel": np.arange(12, dtype=np.float32).reshape(2, 2, 3),
    "conv/bias": np.linspace(-1, 1, 3, dtype=np.float16),
    "count": np.array(7, dtype=np.int64),
    "nothing": np.zeros((0, 3), dtype=np.float32),
}


def same(found: Arrays, wanted: Arrays = WEIGHTS) -> bool:
    return found.keys() == wanted.keys() and all(
        found[name].dtype == array.dtype
        and found[name].shape == array.shape
        and np.array_equal(found[name], array)
        for name, array in wanted.items()
    )


def decision() -> Decision:
    return Decision(
        calibration=Calibration(temperature=1.5, biases=np.array([0.5, 0.0, -0.5]), samples=90),
        review=Review(target=0.98, threshold=0.75, accepted=0.5, bound=0.984),
        sets=ConformalSets(
            coverage=0.95, thresholds=np.array([0.25, 0.0, 0.5]), samples=np.array([40, 10, 40])
        ),
    )


def outliers() -> OutlierScores:
    rng = np.random.default_rng(0)
    found = OutlierScores.fitted(rng.normal(size=(200, 6)), np.arange(200) % 3)
    assert found is not None
    return found


def usual(classes: int = 3) -> UsualLook:
    rng = np.random.default_rng(0)
    return UsualLook.of(
        rng.normal(size=(90, len(MEASURES))), np.arange(90) % classes, classes=classes
    )


def with_entry(path: Path, change: Callable[[Any], object]) -> None:
    """Rewrite a bundle by the rules of safetensors, its manifest entry changed."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    entry = json.loads(header["__metadata__"]["cellclf"])
    header["__metadata__"]["cellclf"] = json.dumps(change(entry))
    path.write_bytes(framed(json.dumps(header), content[8 + length :]))


def with_manifest(path: Path, **changes: object) -> None:
    with_entry(path, lambda entry: {**entry, "manifest": {**entry["manifest"], **changes}})


def with_header(path: Path, change: Callable[[str], str]) -> None:
    """Rewrite a bundle, the text of its header changed."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    path.write_bytes(framed(change(content[8:start].decode()), content[start:]))


def sealed(path: Path, change: Callable[[Parts], Parts]) -> None:
    """Rewrite a bundle, changed, with a digest that fits, as somebody would who means harm."""
    parts = change(Parts.of(path.read_bytes()))
    path.write_bytes(parts.file(digest=parts.sealed()))


def with_tensor(path: Path, name: str, array: NDArray[Any] | None, *, called: str = "") -> None:
    """Put another tensor in the place of one, or none."""

    def change(parts: Parts) -> Parts:
        tensors = {tensor.name: tensor for tensor in parts.tensors}
        old = tensors.pop(name)
        if array is not None:
            kinds = {np.dtype(numpy): kind for kind, numpy in NUMPY.items()}
            tensors[called or name] = dataclasses.replace(
                old,
                name=called or name,
                dtype=kinds[array.dtype],
                shape=list(array.shape),
                content=array.tobytes(),
            )
        return dataclasses.replace(parts, tensors=tuple(tensors.values()))

    sealed(path, change)
