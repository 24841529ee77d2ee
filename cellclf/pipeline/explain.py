"""Maps of the few cells that a report shows, from the bundle of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellclf.errors import CellclfError
from cellclf.inference.loading import load_bundles
from cellclf.progress import Progress
from cellclf.reporting.overlays import overlaid
from cellclf.terms import Explanation

__all__ = ["Maps", "maps_of"]


@dataclass(frozen=True, kw_only=True)
class _Method:
    """A kind of map.

    Attributes:
        explanation: What a classifier calls it.
        how: What it goes by.
    """

    explanation: Explanation
    how: str


METHODS = {
    "Grad-CAM": _Method(explanation="grad_cam", how="by gradients"),
    "occlusion": _Method(explanation="occlusion", how="by covering patches"),
}
"""What is drawn, by what the report calls it."""


@dataclass(frozen=True, kw_only=True)
class Maps:
    """What can be laid beside some images.

    Attributes:
        overlays: `uint8` RGB, `(n, height, width, 3)`, by what the map is called.
        missing: Why there is no map of some kind, a sentence; empty where all are there.
    """

    overlays: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    missing: str = ""

    @property
    def how(self) -> dict[str, str]:
        """How each kind of map that there is says where an answer came from."""
        return {name: METHODS[name].how for name in self.overlays}

    def of(self, rows: NDArray[np.intp]) -> dict[str, NDArray[np.uint8]]:
        """Return the overlays of some of the images."""
        return {name: drawn[rows] for name, drawn in self.overlays.items()}


def maps_of(
    bundle: Path, images: NDArray[np.uint8], classes: Sequence[str], *, progress: Progress
) -> Maps:
    """Explain why a model gave images their classes; an architecture that resists has no maps.

    The network is read from its bundle, so that it does not matter when it was trained.

    Args:
        bundle: The model.
        images: `uint8` RGB, `(n, size, size, 3)`.
        classes: The class that each was given, `n` names.
        progress: Told of each kind of map.
    """
    if not len(images):
        return Maps()
    overlays, missing = {}, []
    try:
        classifier = load_bundles(bundle)
    except CellclfError as error:
        return Maps(missing=_reason("maps", error))
    with progress.task(f"{bundle.stem}: explaining", len(METHODS)) as task:
        for name, method in METHODS.items():
            try:
                values = classifier.explain(images, method=method.explanation, classes=classes)
            except CellclfError as error:
                missing.append(_reason(name, error))
            else:
                overlays[name] = np.stack(
                    [overlaid(*pair) for pair in zip(images, values, strict=True)]
                )
            task.advance()
    return Maps(overlays=overlays, missing="; ".join(missing))


def _reason(name: str, error: CellclfError) -> str:
    """On one line, without a full stop."""
    return f"{name}, because {' '.join(str(error).split())}".rstrip(".")
