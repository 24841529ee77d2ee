"""Peak resident memory of an epoch of training, from stores of 2,000 and of 100,000 images.

    python benchmarks/training_memory.py [IMAGES]

Makes that many JPEG files of 128 px of noise in a temporary folder (about 1.5 GB for 100,000, and
5 GB for their store), decodes them into a store, and trains a custom CNN of width 8 on all of them
for one epoch, in a process of its own for each number. Prints the highest `VmHWM`, which counts
mapped pages of files too, after the store is open and after the epoch.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

import cellclf

FEW, MANY = 2_000, 100_000
SIZE, CLASSES, VALIDATED_ON = 128, 8, 256
MEBIBYTE = 1024


def main(most: int = MANY) -> None:
    with tempfile.TemporaryDirectory() as place:
        peaks = {}
        for count in (FEW, most):
            folder = Path(place) / str(count)
            _make(folder, count)
            command = [sys.executable, __file__, "--train", str(folder)]
            env = os.environ | {"CELLCLF_CACHE": str(Path(place) / "cache")}
            finished = subprocess.run(
                command, env=env, stdout=subprocess.PIPE, text=True, check=True
            )
            opened, trained, seconds = map(float, finished.stdout.split())
            peaks[count] = trained
            print(
                f"{count:,} images: {opened:,.0f} MiB with the store open, {trained:,.0f} MiB "
                f"after an epoch of {seconds:.0f} s",
                flush=True,
            )
    print(f"difference: {peaks[most] - peaks[FEW]:,.0f} MiB")


def _make(folder: Path, count: int) -> None:
    """Distinct images: small noise, enlarged, as a file of some kilobytes."""
    folder.mkdir()
    rng = np.random.default_rng(count)
    for number in range(count):
        small = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        image = cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
        _, encoded = cv2.imencode(".jpg", image)
        (folder / f"{number:06}.jpg").write_bytes(encoded.tobytes())


def train(folder: Path) -> None:
    cellclf.prepare_backend()
    # Imported here: they import Keras, for which the backend must be prepared.
    from cellclf.checking import choose
    from cellclf.data.batches import TrainingBatches
    from cellclf.data.samples import Sample, Samples
    from cellclf.data.store import open_store
    from cellclf.files import cache_folder
    from cellclf.network.build import build
    from cellclf.progress import Silent
    from cellclf.registry import installed
    from cellclf.settings import TrainingSettings
    from cellclf.specs import ModelSpec
    from cellclf.training.fit import fit

    files = sorted(folder.iterdir())
    names = tuple(f"class {number}" for number in range(CLASSES))
    samples = Samples(
        samples=tuple(
            Sample(id=file.name, label=names[number % CLASSES], path=str(file))
            for number, file in enumerate(files)
        ),
        classes=names,
    )
    store = open_store(samples, size=SIZE, mode="stretch", cache=cache_folder(), progress=Silent())
    opened = _peak()
    chosen = choose(
        ModelSpec, "custom_cnn", {"width": 8}, installed(), at="model", params_at="params"
    )
    settings = TrainingSettings(epochs=1)
    began = time.perf_counter()
    fit(
        build(chosen.spec, chosen.params, image_size=SIZE, num_classes=CLASSES),
        TrainingBatches(
            store.images,
            np.arange(VALIDATED_ON, len(files)),
            samples.labels,
            num_classes=CLASSES,
            batch_size=settings.batch_size,
            seed=0,
        ),
        validation=(store.images, np.arange(VALIDATED_ON), samples.labels),
        settings=settings,
        learning_rate=1e-3,
        directory=folder.with_name(f"fit {len(files)}"),
        progress=Silent(),
    )
    print(opened, _peak(), time.perf_counter() - began)


def _peak() -> float:
    """Highest resident memory of this process so far, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(line.split()[1]) / MEBIBYTE


if __name__ == "__main__":
    if sys.argv[1:2] == ["--train"]:
        train(Path(sys.argv[2]))
    else:
        main(*map(int, sys.argv[1:]))
