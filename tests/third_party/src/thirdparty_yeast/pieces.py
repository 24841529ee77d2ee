"""The data set, the augmentation and the metric."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sklearn.metrics import fbeta_score

import cellclf

SIDE = 24


def load(params: Any, *, root: Path | None) -> cellclf.Samples:
    """Draw the images."""
    del root
    rng = np.random.default_rng(0)
    images, samples = [], []
    for label in ("single", "budding"):
        for number in range(params.each):
            image = np.full((SIDE, SIDE, 3), 230, np.uint8)
            x, y = (int(v) for v in rng.integers(9, 15, 2))
            cv2.circle(image, (x, y), 6, (150, 120, 90), -1)
            if label == "budding":
                cv2.circle(image, (x + 6, y - 6), 4, (90, 60, 160), -1)
            # Without grain, cells drawn alike but for their place are copies of each other.
            grain = rng.normal(0, 30, image.shape)
            image = np.clip(image + grain, 0, 255).astype(np.uint8)
            samples.append(
                cellclf.Sample(id=f"{label}/{number:03}", label=label, index=len(images))
            )
            images.append(image)
    return cellclf.Samples(
        samples=tuple(samples), classes=("single", "budding"), images=np.stack(images)
    )


def dim(image: Any, rng: np.random.Generator, params: Any) -> Any:
    """Darken."""
    return (image * rng.uniform(params.least, 1.0)).astype(np.uint8)


def f_beta(
    y_true: Any, y_prob: Any, *, classes: Any, sample_weight: Any = None, params: Any
) -> float:
    """Judge by scikit-learn's F-beta."""
    return float(
        fbeta_score(
            y_true,
            y_prob.argmax(axis=1),
            beta=params.beta,
            labels=range(len(classes)),
            average="macro",
            sample_weight=sample_weight,
            zero_division=0,
        )
    )
