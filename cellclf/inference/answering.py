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

    There, with `b = D' a`, what no direction shows is `|a|² - |b|²`, of which float32 would leave
    little. Here it is `|r|² - b' (D' D - 1) b` with `r = a - D b`, which is the same number. The
    second term would be 0 if the directions, kept as float32, were quite orthonormal.
    """
    ops = keras.ops
    spreads = np.sqrt(outliers.variances).astype(np.float32)
    means = outliers.means.astype(np.float32)
    scales = (1 / outliers.scales).astype(np.float32)
    kept = outliers.directions.astype(np.float32)
    skew = outliers.directions.T @ outliers.directions - np.eye(kept.shape[1])
    away = ops.expand_dims(features * scales, 1) - means
    along = ops.matmul(away, kept)
    rest = away - ops.matmul(along, kept.T)
    beside = ops.sum(ops.square(rest), -1) - ops.sum(
        along * ops.matmul(along, skew.astype(np.float32)), -1
    )
    squared = ops.sum(ops.square(along / spreads), -1) + ops.maximum(beside, 0.0) / outliers.rest
    return ops.sqrt(ops.min(squared, -1) / len(outliers.scales))
