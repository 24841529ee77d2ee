"""The network that is handed to other programs: images in, calibrated probabilities out."""

from __future__ import annotations

import math

import keras
import numpy as np

from cellclf.engines.serving import served
from cellclf.evaluation.calibration import SMALLEST, Calibration
from cellclf.evaluation.outliers import OutlierScores
from cellclf.network.outputs import FEATURES, LOGITS, OUTLIER_SCORE, PROBABILITIES

__all__ = ["answering"]


def answering(
    network: keras.Model, *, calibration: Calibration | None, outliers: OutlierScores | None
) -> keras.Model:
    """Return a network that gives what a program without cellclf needs.

    Args:
        network: What `cellclf.network.build.build` gives: 0-255 RGB in, logits out.
        calibration: What its probabilities mean; `None` where it is not calibrated.
        outliers: What tells how unlike the training images an image is; `None` where nothing does.

    Returns:
        Input `images`, `uint8` RGB `(batch, size, size, 3)`; outputs `probabilities`, `(batch, k)`,
        and, where there is `outliers`, `outlier_score`, `(batch,)`, float32. It shares the
        variables of `network`.
    """
    inner = served(network)
    outputs = {PROBABILITIES: _probabilities(inner.output[LOGITS], calibration)}
    if outliers is not None:
        outputs[OUTLIER_SCORE] = _score(inner.output[FEATURES], outliers)
    return keras.Model(inner.inputs[0], outputs, name="answering")


def _probabilities(logits: keras.KerasTensor, calibration: Calibration | None) -> keras.KerasTensor:
    """As `Calibration.apply` has it; of logarithms, so that float32 is enough."""
    if calibration is None:
        return keras.ops.softmax(logits)
    logs = keras.ops.maximum(keras.ops.log_softmax(logits), math.log(SMALLEST))
    sharpness = 1 / calibration.temperature
    return keras.ops.softmax(logs * sharpness + calibration.biases.astype(np.float32))


def _score(features: keras.KerasTensor, outliers: OutlierScores) -> keras.KerasTensor:
    """As `OutlierScores.of` has it.

    But what no direction shows is not had as a difference of two large numbers, of which float32
    would leave little.
    """
    means = outliers.means.astype(np.float32)
    directions = outliers.directions.astype(np.float32)
    spreads = np.sqrt(outliers.variances).astype(np.float32)
    away = keras.ops.expand_dims(features * (1 / outliers.scales).astype(np.float32), 1) - means
    along = keras.ops.matmul(away, directions)
    beside = away - keras.ops.matmul(along, directions.T)
    squared = keras.ops.sum(keras.ops.square(along / spreads), axis=-1) + keras.ops.sum(
        keras.ops.square(beside), axis=-1
    ) * np.float32(1 / outliers.rest)
    nearest = keras.ops.min(squared, axis=-1)
    return keras.ops.sqrt(nearest * np.float32(1 / len(outliers.scales)))
