"""What 100 epochs of `head_only` cost beside one pass of the backbone over the same images.

    python benchmarks/head_only.py [ARCHITECTURE [IMAGES [EPOCHS]]]

Random weights and random pixels at 128 px: neither changes how long anything takes. A pass is what
gives every image its features, with and without the time to compile the backbone. The recipe is
what `training.recipe = "head_only"` does in a run: features of the training and the validation
images, then the epochs of the head, with compilation, validation and checkpoints.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import cellclf
from cellclf.checking import choose
from cellclf.data.batches import TrainingBatches
from cellclf.progress import Silent
from cellclf.registry import installed
from cellclf.settings import TrainingSettings
from cellclf.specs import ModelSpec

SIZE, CLASSES = 128, 8
VALIDATED_ON = 0.15


def main(architecture: str = "efficientnet_b4", count: int = 1920, epochs: int = 100) -> None:
    cellclf.prepare_backend()
    # Imported here: they import Keras, for which the backend must be prepared.
    from cellclf.network.build import build
    from cellclf.network.forward import Forward
    from cellclf.training.features import Backbone
    from cellclf.training.recipes import Lesson, phases_of

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8)
    labels = rng.integers(0, CLASSES, count)
    judged_on = round(VALIDATED_ON * count)
    settings = TrainingSettings(recipe="head_only", epochs=epochs, early_stopping=False)
    chosen = choose(ModelSpec, architecture, {}, installed(), at="model", params_at="params")
    network = build(chosen.spec, chosen.params, image_size=SIZE, num_classes=CLASSES)

    forward = Forward(network)
    began = time.perf_counter()
    forward(images[: forward.batch_size])
    compiling = time.perf_counter() - began
    began = time.perf_counter()
    forward(images)
    one_pass = time.perf_counter() - began

    batches = TrainingBatches(
        images,
        np.arange(judged_on, count),
        labels,
        num_classes=CLASSES,
        batch_size=settings.batch_size,
        seed=0,
    )
    phases = phases_of(settings, chosen.spec.stages, epoch_length=batches.epoch_length)
    with tempfile.TemporaryDirectory() as folder:
        lesson = Lesson(
            network=network,
            phases=[(phase, ()) for phase in phases],
            batches=batches,
            backbone=Backbone(
                model=network,
                images=images,
                batches=batches,
                content=[f"{time.time_ns()}-{number}" for number in range(count)],
                made_by={"architecture": architecture},
                augmented_by={},
                progress=Silent(),
                description="",
            ),
            rows=np.arange(judged_on),
            labels=labels,
            settings=settings,
            learning_rate=chosen.spec.learning_rate,
            directory=Path(folder),
            progress=Silent(),
            description="",
        )
        began = time.perf_counter()
        history = lesson.learn()
        recipe = time.perf_counter() - began
    head = sum(row.seconds for row in history.rows)
    print(f"{architecture}, {count} images, {len(history.rows)} epochs of the head")
    print(f"one pass {one_pass:.1f} s, and {compiling:.1f} s to compile")
    print(f"head_only {recipe:.1f} s, of which the epochs {head:.1f} s")
    print(
        f"head_only costs {recipe / one_pass:.2f} passes; "
        f"{recipe / (one_pass + compiling):.2f} where the pass is compiled first"
    )


if __name__ == "__main__":
    main(*sys.argv[1:2], *map(int, sys.argv[2:]))
