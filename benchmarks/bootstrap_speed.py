"""Seconds for the intervals of all built-in metrics: 3 models, 5,000 samples of 8 classes.

    python benchmarks/bootstrap_speed.py [RESAMPLES]

Every sample is a unit of its own, which is the most that there can be.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from cellclf.evaluation.estimates import estimates
from cellclf.evaluation.predictions import predictions_table
from cellclf.pipeline.metrics import core_metrics

MODELS, SAMPLES, CLASSES = 3, 5000, tuple("abcdefgh")
SIGNAL = 3.0


def main(resamples: int = 2000) -> None:
    tables = []
    for model in range(MODELS):
        rng = np.random.default_rng(model)
        true = rng.integers(0, len(CLASSES), SAMPLES)
        logits = rng.normal(size=(SAMPLES, len(CLASSES)))
        logits[np.arange(SAMPLES), true] += SIGNAL
        raised = np.exp(logits)
        tables.append(
            predictions_table(
                sample_ids=[str(number) for number in range(SAMPLES)],
                labels=[CLASSES[number] for number in true],
                probabilities=raised / raised.sum(axis=1, keepdims=True),
                classes=CLASSES,
            )
        )
    metrics = core_metrics()
    began = time.perf_counter()
    for table in tables:
        found = estimates(table, metrics, resamples=resamples)
    seconds = time.perf_counter() - began
    print(
        f"{MODELS} models, {SAMPLES:,} samples, {len(CLASSES)} classes, {len(found)} figures, "
        f"{resamples:,} resamples: {seconds:.1f} s"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
