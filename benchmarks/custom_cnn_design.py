"""What the network, the augmentation and the settings of `custom_cnn` are worth in equal seconds.

    python benchmarks/custom_cnn_design.py PBC [--seconds S] [--folds N] [--only NAME ...]

Each variant changes one thing of the defaults. PBC is divided into four folds, each class evenly;
for each fold a network is trained on the other three, from random weights at 128 px, until the
seconds are used up, and judged on the fold by its last weights. Folds run beside each other, each
on a core of its own. Nothing else is looked at: the images on which results are reported are not
among these.

Judged are the images as they are, and the same saved at 160 px before: so are those of PBC_160.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import cellclf
from cellclf.processors import processor_count

SIZE, FOLDS = 128, 4
SAVED_AT, QUALITY = 160, 90
VALIDATED_ON = 64
"""Images that every fit needs for validation; nothing is chosen by them here."""

GEOMETRY_AND_STAIN = ["flip", "rotation", "shift", "stain"]
WITHOUT_SENSOR = ["flip", "rotation", "zoom", "shift", "contrast", "brightness", "stain"]
WITHOUT_STAIN = ["flip", "rotation", "zoom", "shift"]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What is other than by default; `twice` names the stages of two blocks."""

    width: int = 32
    multiples: tuple[int, ...] = (1, 2, 4, 8)
    twice: tuple[int, ...] = ()
    two_convolutions: bool = False
    params: dict[str, Any] = field(default_factory=dict)
    augmentation: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)


VARIANTS = {
    "as it is": Variant(),
    "three stages, 48 channels": Variant(width=48, multiples=(1, 2, 4)),
    "40 channels": Variant(width=40, multiples=(1, 2, 4, 6)),
    "two blocks in stages 2 and 3": Variant(multiples=(1, 2, 4, 6), twice=(2, 3)),
    "two blocks in stages 3 and 4": Variant(width=24, multiples=(1, 2, 4, 7), twice=(3, 4)),
    "stem of two 3x3, stride 2": Variant(two_convolutions=True),
    "no dropout": Variant(params={"dropout": 0.0}),
    "dropout 0.3": Variant(params={"dropout": 0.3}),
    "rate halved": Variant(training={"learning_rate": 0.5}),
    "rate doubled": Variant(training={"learning_rate": 2.0}),
    "batches of 16": Variant(training={"batch_size": 16, "learning_rate": 0.7}),
    "batches of 64": Variant(training={"batch_size": 64, "learning_rate": 1.4}),
    "no smoothing": Variant(training={"label_smoothing": 0.0}),
    "smoothing 0.05": Variant(training={"label_smoothing": 0.05}),
    "decay 0.01": Variant(training={"weight_decay": 0.01}),
    "decay 0.2": Variant(training={"weight_decay": 0.2}),
    "no averaging": Variant(training={"averaging": 0.0}),
    "averaging 0.02": Variant(training={"averaging": 0.02}),
    "constant rate": Variant(training={"schedule": "constant"}),
    "no blur, no noise": Variant(augmentation={"steps": WITHOUT_SENSOR}),
    "flip, rotation, shift, stain": Variant(augmentation={"steps": GEOMETRY_AND_STAIN}),
    "geometry alone": Variant(augmentation={"steps": WITHOUT_STAIN}),
    "no augmentation": Variant(augmentation={"steps": []}),
}
"""Learning rates are multiples of the default."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pbc", type=Path)
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--folds", type=int, default=FOLDS, choices=range(1, FOLDS + 1))
    parser.add_argument("--only", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    parser.add_argument("--fold", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.fold is not None:
        _use_one_core(asked.fold)
        (name,) = asked.only
        print(json.dumps(trained(asked.pbc, VARIANTS[name], asked.fold, asked.seconds)))
        return
    print("variant, epochs, accuracy, cross-entropy, the same at 160 px, of each fold", flush=True)
    with ThreadPoolExecutor(processor_count()) as pool:
        for name in asked.only:
            command = [sys.executable, __file__, str(asked.pbc), "--seconds", str(asked.seconds)]
            folds = pool.map(
                lambda fold, name=name, command=command: _measured(
                    [*command, "--only", name, "--fold", str(fold)]
                ),
                range(asked.folds),
            )
            found = np.array([list(one.values()) for one in folds])
            epochs, *scores = found.mean(axis=0)
            each = " ".join(f"{accuracy:.3f}" for accuracy in found[:, 1])
            print(
                f"{name}: {epochs:.0f}  {scores[0]:.4f} {scores[1]:.3f}  "
                f"{scores[2]:.4f} {scores[3]:.3f}  [{each}]",
                flush=True,
            )


def _measured(command: list[str]) -> dict[str, float]:
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    finished = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(finished.stdout.splitlines()[-1])
    return found


def _use_one_core(fold: int) -> None:
    """Where the system allows it; the number of threads follows from that."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[fold % len(cores)]})


def trained(pbc: Path, variant: Variant, fold: int, seconds: float) -> dict[str, float]:
    cellclf.prepare_backend()
    # Imported here: they import Keras, for which the backend must be prepared.
    from cellclf_custom_cnn import network
    from cellclf_custom_cnn.params import CustomCNNParams
    from sklearn.metrics import log_loss

    from cellclf.checking import plan
    from cellclf.data.batches import TrainingBatches
    from cellclf.network.backend import seed_everything
    from cellclf.network.forward import Forward
    from cellclf.pipeline.batches import augmentation_chain
    from cellclf.progress import Silent
    from cellclf.registry import installed
    from cellclf.training import course
    from cellclf.training.fit import fit

    training = dict(variant.training)
    planned = plan(
        {
            "data": {"dataset": "blood_cells", "path": str(pbc)},
            "models": ["custom_cnn"],
            "augmentation": variant.augmentation,
        },
        installed(),
    )
    rate = planned.models["custom_cnn"].spec.learning_rate * training.pop("learning_rate", 1.0)
    images, at_160, labels = _images(pbc)
    judged_on, known = _divided(labels, fold)
    seed_everything(fold)
    network.STAGES = variant.multiples
    once = network._residual_block
    if variant.twice:
        network._residual_block = lambda x, channels, *, stride, name: _repeated(
            once, x, channels, stride=stride, name=name, twice=variant.twice
        )
    if variant.two_convolutions:
        network._stem = lambda x, channels: _two(network, x, channels)
    model = network.build(
        CustomCNNParams(width=variant.width, **variant.params),
        input_shape=(SIZE, SIZE, 3),
        num_classes=int(labels.max()) + 1,
    )
    settings = planned.experiment.training.model_copy(update={"time_budget": seconds, **training})
    batches = TrainingBatches(
        images,
        known[VALIDATED_ON:],
        labels,
        num_classes=int(labels.max()) + 1,
        batch_size=settings.batch_size,
        seed=fold,
        chain=augmentation_chain(planned),
    )
    course.best_of = lambda rows: rows[-1]  # the last weights, whatever 64 images say
    with tempfile.TemporaryDirectory() as place:
        history = fit(
            model,
            batches,
            validation=(images, known[:VALIDATED_ON], labels),
            settings=settings,
            learning_rate=rate,
            directory=Path(place),
            progress=Silent(),
        )
    forward = Forward(model)
    found: dict[str, float] = {"epochs": len(history.rows)}
    for kind, pixels in (("as they are", images), ("at 160", at_160)):
        probabilities = forward(pixels[judged_on]).probabilities
        truth = labels[judged_on]
        found[f"accuracy {kind}"] = float((probabilities.argmax(axis=1) == truth).mean())
        found[f"cross-entropy {kind}"] = float(log_loss(truth, probabilities))
    return found


def _two(network: Any, x: Any, channels: int) -> Any:
    import keras

    for number, width in enumerate((channels // 2, channels)):
        x = network._convolution(x, width, 3, stride=2, name=f"stem_{number}")
        x = keras.layers.ReLU()(x)
    return x


def _repeated(
    once: Any, x: Any, channels: int, *, stride: int, name: str, twice: tuple[int, ...]
) -> Any:
    x = once(x, channels, stride=stride, name=name)
    if int(name.rpartition("_")[2]) in twice:
        x = once(x, channels, stride=1, name=f"{name}_again")
    return x


def _images(pbc: Path) -> tuple[Any, Any, Any]:
    """All images at 128 px; the same after a detour over 160 px and JPEG; their classes."""
    paths = sorted(pbc.rglob("*.jpg"))
    names = sorted({path.parent.name for path in paths})
    labels = np.array([names.index(path.parent.name) for path in paths])
    direct, detoured = [], []
    for path in paths:
        image = cv2.imread(str(path))
        jpeg = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
        _, saved = cv2.imencode(".jpg", _reduced(image, SAVED_AT), jpeg)
        direct.append(_reduced(image, SIZE))
        detoured.append(_reduced(cv2.imdecode(saved, cv2.IMREAD_COLOR), SIZE))
    rgb = (np.ascontiguousarray(np.array(bgr)[..., ::-1]) for bgr in (direct, detoured))
    return *rgb, labels


def _reduced(image: Any, size: int) -> Any:
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)


def _divided(labels: Any, fold: int) -> tuple[Any, Any]:
    """Rows of the fold, and all others in random order."""
    order = np.random.default_rng(0).permutation(len(labels))
    number = np.empty(len(labels), int)
    for one in np.unique(labels):
        rows = order[labels[order] == one]
        number[rows] = np.arange(len(rows)) % FOLDS
    others = np.flatnonzero(number != fold)
    return np.flatnonzero(number == fold), np.random.default_rng(fold).permutation(others)


if __name__ == "__main__":
    main()
