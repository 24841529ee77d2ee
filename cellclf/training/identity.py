"""By what a fit knows its own checkpoints again."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import keras
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cellclf.settings import TrainingSettings
    from cellclf.training.feed import Batches

__all__ = ["fingerprint"]


def fingerprint(
    model: keras.Model,
    batches: Batches,
    *,
    judged_on: NDArray[np.intp],
    settings: TrainingSettings,
    learning_rate: float,
) -> str:
    """Return what two fits must share for one to go on from the other's checkpoint.

    It covers the settings, the network's variables by name and shape, the backend, the number of
    batches, the content of the first one (and so the seed, the augmentation and the images that
    it draws on) and what is validated on, `judged_on`.
    """
    described = {
        "settings": settings.model_dump(mode="json"),
        "learning_rate": learning_rate,
        "backend": keras.backend.backend(),
        "weights": [(weight.path, list(weight.shape)) for weight in model.weights],
        "trainable": len(model.trainable_variables),
        "batches": len(batches),
    }
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for array in (*batches.batch(0, 0), judged_on):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
