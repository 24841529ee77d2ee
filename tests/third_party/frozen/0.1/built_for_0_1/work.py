"""The work behind what it offers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cellclf import DataError, Progress, Sample, Samples

SIDE = 16


def load(params: Any, *, root: Path | None) -> Samples:
    if root is not None:
        raise DataError(f"these images are drawn: no path is needed. Received: {root}")
    rng = np.random.default_rng(0)
    images, samples = [], []
    for label, level in (("light", 180), ("dark", 80)):
        for number in range(params.each):
            images.append(rng.integers(level - 60, level + 60, (SIDE, SIDE, 3)).astype(np.uint8))
            samples.append(
                Sample(
                    id=f"{label}/{number:03}",
                    label=label,
                    index=len(samples),
                    groups={"patient": f"{label} {number}"},
                )
            )
    return Samples(samples=tuple(samples), classes=("light", "dark"), images=np.stack(images))


def fetch(params: Any, *, root: Path, progress: Progress) -> None:
    root.mkdir(parents=True, exist_ok=True)


def shade(image: Any, rng: np.random.Generator, params: Any) -> Any:
    return (image * rng.uniform(params.least, 1.0)).astype(np.uint8)


def trust(
    y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None, params: Any
) -> float:
    true = y_prob[np.arange(len(y_true)), y_true] ** params.power
    return float(np.average(true, weights=sample_weight))


def hits(y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None) -> float:
    return float(np.average(y_prob.argmax(axis=1) == y_true, weights=sample_weight))


def hit_trials(y_true: Any, y_prob: Any, *, classes: Any) -> Mapping[str, Any]:
    return {"": (y_prob.argmax(axis=1) == y_true, np.ones(len(y_true), bool))}
