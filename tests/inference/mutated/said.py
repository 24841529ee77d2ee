"""What a bundle says, read by our means and by others, and whether a refusal can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.numpy import load as load_tensors

from cellclf.errors import BundleError
from cellclf.inference.bundle import Bundle
from cellclf.inference.migrations import migrated
from tests.inference.mutated.parts import Parts

__all__ = ["content_of", "faults", "told_by"]

LONGEST = 2_000
"""Characters of a message that a person can read."""


def content_of(bundle: Bundle) -> dict[str, Any]:
    """All that a bundle says, as values that can be compared."""
    groups = {
        "weights": bundle.weights,
        "decision": {} if bundle.decision is None else bundle.decision.arrays(),
        "outliers": {} if bundle.outliers is None else bundle.outliers.arrays(),
        "appearance": {} if bundle.usual is None else bundle.usual.arrays(),
        "trained": {"images": bundle.trained} if len(bundle.trained) else {},
    }
    found: dict[str, Any] = {
        f"{group}/{name}": (array.dtype.str, array.shape, array.tobytes())
        for group, arrays in groups.items()
        for name, array in arrays.items()
    }
    found["thresholds"] = {} if bundle.decision is None else bundle.decision.thresholds()
    return found | {"manifest": bundle.manifest.model_dump(mode="json")}


def told_by(content: bytes) -> dict[str, Any]:
    """The same of a file, read by other means."""
    parts = Parts.of(content)
    found: dict[str, Any] = {
        name: (array.dtype.str, array.shape, array.tobytes())
        for name, array in load_tensors(content).items()
        if array.size or not name.startswith("trained/")
    }
    written = migrated(parts.manifest)
    thresholds = {name: float(value) for name, value in written["thresholds"].items()}
    return found | {"thresholds": thresholds, "manifest": {**written, "thresholds": thresholds}}


def faults(error: BundleError, path: Path) -> str:
    """What is wrong with a message; nothing where it is as it should be."""
    said = str(error)
    if str(path) not in said:
        return f"does not name the file: {said[:LONGEST]}"
    if not said.isprintable() or len(said) > LONGEST:
        return f"is no line that a person can read: {said[:LONGEST]!r}"
    return ""
