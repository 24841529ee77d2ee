"""What the bundles in `stored/` hold. Each was written by the version of cellclf of its schema:

    python -m tests.inference.stored_bundle tests/inference/stored/schema_1.safetensors

All numbers are multiples of a power of two, so that they are the same everywhere, to the bit.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.evaluation.abstention import Review
from cellclf.evaluation.calibration import Calibration
from cellclf.evaluation.conformal import ConformalSets
from cellclf.evaluation.decision import Decision
from cellclf.evaluation.drift import MEASURES, UsualLook
from cellclf.evaluation.outliers import OutlierScores, Refusal
from cellclf.inference.bundle import BundleManifest, write_bundle
from cellclf.inference.half import halved

__all__ = ["DECISION", "MANIFEST", "OUTLIERS", "STORED", "TRAINED", "USUAL", "WEIGHTS", "write"]

STORED = Path(__file__).parent / "stored"

CLASSES = ("round", "band, segmented", "白血球")
FILTERS = 4


def steps(*shape: int, start: int = 0) -> NDArray[np.float64]:
    """Numbers from -5/16 to 5/16 in an order that hardly repeats."""
    count = np.arange(start, start + int(np.prod(shape)))
    return ((count * 7 % 11 - 5) / 16).reshape(shape)


MANIFEST = BundleManifest(
    architecture="tiny_net",
    distribution="cellclf-tiny",
    distribution_version="1.0",
    params={"filters": FILTERS, "dropout": 0.125},
    classes=CLASSES,
    image_size=16,
    resize="pad",
    decode_version=2,
    synthetic=True,
    confusion=((30, 1, 0, 2), (2, 28, 1, 0), (0, 0, 9, 1)),
    fingerprints={"data": "0" * 64, "experiment": "1" * 64},
    environment={"cellclf": "0.1.0", "python": "3.11.2"},
)

WEIGHTS: dict[str, NDArray[Any]] = {
    name: array.astype(np.float32)
    for name, array in {
        "convolution/kernel": steps(3, 3, 3, FILTERS),
        "convolution/bias": steps(FILTERS, start=3),
        "normalisation/gamma": steps(FILTERS, start=5) + 1,
        "normalisation/beta": steps(FILTERS, start=7),
        "normalisation/moving_mean": steps(FILTERS, start=1) / 4,
        "normalisation/moving_variance": steps(FILTERS, start=2) / 8 + 0.0625,
        "logits/kernel": steps(FILTERS, len(CLASSES), start=4) * 16,
        "logits/bias": steps(len(CLASSES), start=9),
    }.items()
}

DECISION = Decision(
    calibration=Calibration(temperature=1.5, biases=np.array([0.5, 0.0, -0.5]), samples=90),
    review=Review(target=0.98, threshold=0.6875, accepted=0.5, bound=0.984375),
    sets=ConformalSets(
        coverage=0.95, thresholds=np.array([0.25, 0.0, 0.5]), samples=np.array([40, 10, 40])
    ),
    refusal=Refusal(share=0.0625, threshold=1.25, samples=90),
)

OUTLIERS = OutlierScores(
    means=steps(len(CLASSES), FILTERS, start=6) * 2 + 0.5,
    scales=steps(FILTERS, start=8) / 2 + 0.5,
    directions=np.eye(FILTERS)[:, :2],
    variances=np.array([1.5, 0.5]),
    rest=0.25,
)

USUAL = UsualLook(
    bands=np.sort(steps(len(CLASSES) + 1, len(MEASURES), 3, start=2) * 128 + 64, axis=-1)
)

TRAINED = np.array([3, 7, 2**64 - 1], dtype=np.uint64)


def write(path: Path, *, half: bool = False) -> None:
    """Write a bundle of all that stands here, its kernels in float16 where `half` is set."""
    write_bundle(
        path,
        MANIFEST,
        halved(WEIGHTS) if half else WEIGHTS,
        decision=DECISION,
        outliers=OUTLIERS,
        trained=TRAINED,
        usual=USUAL,
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]))
