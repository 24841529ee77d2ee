from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from cellclf.settings import TrainingSettings
from cellclf.training.identity import fingerprint


def test_the_fingerprint_knows_the_data_the_network_and_the_settings(
    toy: Any, network: Callable[..., keras.Model]
) -> None:
    def mark(*, rate: float = 0.1, changes: dict[str, Any] | None = None, **batches: Any) -> str:
        return fingerprint(
            network(),
            toy.batches(**batches),
            judged_on=np.array([[1, 2]]),
            settings=TrainingSettings(**(changes or {})),
            learning_rate=rate,
        )

    marks = [mark(), mark(rate=0.2), mark(changes={"epochs": 7}), mark(seed=4)]
    assert len(set(marks)) == len(marks)
    assert mark() == marks[0]
