"""The image store against Keras' own way of reading a folder of images.

    python benchmarks/input_pipeline.py DATA [SIZE]

DATA: a folder with one folder of JPEG files a class.

Speed. `keras.utils.image_dataset_from_directory` with its defaults (bilinear, parallel calls chosen
by tf.data) and its threads limited to two, against `open_store` with two threads. All files are
read once before anything is timed, so the page cache is equal for both. Alternating repeats in one
process, medians:

- an epoch of the dataset: read, decode, resize and batch every image, once the dataset exists;
- a cold store: hash, decode, resize, checksum and write every image, down to the disk, and rename.
  Keras' default leaves pixels out when it shrinks, so the dataset is timed with
  `interpolation="area"` as well;
- a warm epoch: every image of an open store, in batches of the same length, copied;
- opening a warm store: hash every file, compare the checksums of all pixels.

Memory. Peak resident memory of a process that writes a store of 2,000, and of 20,000, small JPEG
files, and of one that opens it and goes through it, as the operating system counts it: memory of
its own (`RssAnon` at its highest, sampled), and all with mapped pages of files.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cellclf.data.samples import Sample, Samples
from cellclf.data.store import open_store
from cellclf.progress import Silent

REPEATS = 7
BATCH = 32
THREADS = 2
FEW, MANY = 2_000, 20_000
MEMORY_SIZE = 64


def main(data: Path, size: int = 128) -> None:
    with tempfile.TemporaryDirectory() as place:
        speed(data, size, Path(place))
        memory(Path(place))


def speed(data: Path, size: int, place: Path) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.cpu_count = lambda: THREADS  # what the store asks for the number of its threads
    files = sorted(path for path in data.rglob("*") if path.suffix == ".jpg")
    for file in files:
        file.read_bytes()
    samples = samples_of(files)
    caches = iter(range(1_000))
    images = np.asarray(opened(samples, size, place / "warm", warm=False))

    def warm_epoch() -> None:
        for start in range(0, len(images), BATCH):
            np.array(images[start : start + BATCH])

    ways: dict[str, Callable[[], object]] = {
        "epoch of image_dataset_from_directory": keras_epoch(data, size, "bilinear"),
        "the same, interpolation='area'": keras_epoch(data, size, "area"),
        "cold store": lambda: opened(samples, size, place / f"{next(caches)}", warm=False),
        "warm epoch": warm_epoch,
        "opening a warm store": lambda: opened(samples, size, place / "warm", warm=True),
    }
    wall: dict[str, list[float]] = {name: [] for name in ways}
    work: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(REPEATS + 1):
        for name, go in ways.items():
            started, worked = time.perf_counter(), time.process_time()
            go()
            if repeat:  # the first time, TensorFlow traces
                wall[name].append(time.perf_counter() - started)
                work[name].append(time.process_time() - worked)
    middle = {name: statistics.median(times) for name, times in wall.items()}
    for name, times in wall.items():
        print(
            f"{name}: {middle[name]:.3f} s ({min(times):.3f} to {max(times):.3f}), "
            f"of a processor {statistics.median(work[name]):.3f} s, "
            f"{len(files) / middle[name]:,.0f} images a second"
        )
    bilinear, area, cold, warm, _ = middle.values()
    print(f"dataset / cold store: {bilinear / cold:.2f}")
    print(f"dataset with area / cold store: {area / cold:.2f}")
    print(f"dataset / warm epoch: {bilinear / warm:.1f}")


def keras_epoch(data: Path, size: int, interpolation: str) -> Callable[[], None]:
    import keras
    import tensorflow as tf

    made = keras.utils.image_dataset_from_directory(
        data,
        image_size=(size, size),
        batch_size=BATCH,
        shuffle=False,
        interpolation=interpolation,
        verbose=False,
    )
    options = tf.data.Options()
    options.threading.private_threadpool_size = THREADS
    made = made.with_options(options)

    def epoch() -> None:
        for _ in made:
            pass

    return epoch


def opened(samples: Samples, size: int, cache: Path, *, warm: bool) -> NDArray[np.uint8]:
    store = open_store(samples, size=size, mode="stretch", cache=cache, progress=Silent())
    assert store.was_warm is warm
    assert not store.unreadable
    return store.images


def samples_of(files: list[Path]) -> Samples:
    return Samples(
        samples=tuple(Sample(id=str(path), label="cell", path=str(path)) for path in files),
        classes=("cell",),
    )


def memory(place: Path) -> None:
    peaks = memory_peaks(place, (FEW, MANY))
    for (what, count), (own, everything) in peaks.items():
        print(
            f"{what} {count:,} images: at most {own:.0f} MiB of its own, "
            f"{everything:.0f} MiB with mapped files"
        )
    for what in ("write", "read"):
        own = peaks[what, MANY][0] / peaks[what, FEW][0]
        print(f"{what}: own memory, {MANY:,} images / {FEW:,}: {own:.2f}")


def memory_peaks(place: Path, counts: Sequence[int]) -> dict[tuple[str, int], tuple[float, float]]:
    """MiB of its own, and all with mapped files, of processes that write and read a store."""
    folder = place / "many"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(max(counts)):
        coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number:05}.jpg"), cv2.resize(coarse, (96, 96)))
    peaks: dict[tuple[str, int], tuple[float, float]] = {}
    for what in ("write", "read"):
        for count in counts:
            cache = place / f"memory-{count}"
            command = [sys.executable, __file__, "--measure", str(folder), str(count), str(cache)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            own, everything = map(float, done.stdout.split())
            peaks[what, count] = own, everything
    return peaks


def measure(folder: Path, count: int, cache: Path) -> None:
    """Write or read one store; print the peaks in MiB."""
    samples = samples_of(sorted(folder.iterdir())[:count])
    peak = 0.0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, status("RssAnon"))
            done.wait(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    store = open_store(samples, size=MEMORY_SIZE, mode="stretch", cache=cache, progress=Silent())
    if store.was_warm:
        for start in range(0, count, BATCH):
            np.array(store.images[start : start + BATCH])
    done.set()
    watcher.join()
    print(peak, status("VmHWM"))


def status(name: str) -> float:
    """One figure of /proc/self/status, in MiB."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise KeyError(name)


if __name__ == "__main__":
    if sys.argv[1] == "--measure":
        measure(Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
    else:
        main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
