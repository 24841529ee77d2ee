"""What it costs and gives to decode JPEG files at a reduced scale.

    python benchmarks/reduced_decoding.py PBC [SIZE] [EPOCHS] [SEEDS]

PBC: a folder with one folder of JPEG files a class. Both ways end in the same `resize`: one from
all pixels of the file, the other from the half, quarter or eighth that libjpeg computes by itself,
as `cellclf.data.decode.decode_square` does it. Printed are the time of each (two threads,
alternating, medians), by how many levels their pixels differ, and the accuracy of `custom_cnn` on
a quarter of the images that it is not trained on: for each seed one network is trained on either
kind of pixels, and each is judged on both kinds. Differences are paired by seed, with the 95 %
interval of Student's t.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

import cellclf
from cellclf.data.decode import decode, decode_square, resize

REPEATS = 7
HELD_OUT = 4  # every fourth image of a class is judged on
WAYS = ("full", "reduced")


def main(pbc: Path, size: int = 96, epochs: int = 8, seeds: int = 5) -> None:
    files = sorted(pbc.rglob("*.jpg"))
    contents = [file.read_bytes() for file in files]

    def full(content: bytes) -> NDArray[np.uint8]:
        return resize(decode(content), size, "stretch")

    def reduced(content: bytes) -> NDArray[np.uint8]:
        return decode_square(content, size, "stretch")

    speed(contents, full, reduced)
    images = {"full": [*map(full, contents)], "reduced": [*map(reduced, contents)]}
    differ(images["full"], images["reduced"], size)
    accuracy(files, images, size, epochs, seeds)


def speed(contents: list[bytes], *ways: Callable[[bytes], NDArray[np.uint8]]) -> None:
    times: dict[str, list[float]] = {way.__name__: [] for way in ways}
    with ThreadPoolExecutor(2) as pool:
        for _ in range(REPEATS):
            for way in ways:
                start = time.perf_counter()
                list(
                    pool.map(
                        lambda part, way=way: [*map(way, part)], [contents[::2], contents[1::2]]
                    )
                )
                times[way.__name__].append(time.perf_counter() - start)
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, median in medians.items():
        print(f"{name}: {1000 * median / len(contents):.3f} ms an image, two threads")
    print(f"full / reduced: {medians['full'] / medians['reduced']:.2f}")


def differ(full: list[NDArray[np.uint8]], reduced: list[NDArray[np.uint8]], size: int) -> None:
    levels = np.concatenate([cv2.absdiff(a, b).ravel() for a, b in zip(full, reduced, strict=True)])
    print(
        f"levels between the two at {size} px: mean {levels.mean():.2f}, "
        f"99.9 % of values within {np.percentile(levels, 99.9):.0f}, largest {levels.max()}"
    )


def accuracy(
    files: list[Path],
    images: dict[str, list[NDArray[np.uint8]]],
    size: int,
    epochs: int,
    seeds: int,
) -> None:
    cellclf.prepare_backend()
    found: dict[tuple[str, str], list[float]] = {(a, b): [] for a in WAYS for b in WAYS}
    with tempfile.TemporaryDirectory() as place:
        for way in WAYS:
            write(Path(place) / way, files, images[way])
        for seed in range(seeds):
            for trained in WAYS:
                finished = cellclf.run(
                    data={"path": Path(place) / trained / "train", "image_size": size},
                    models=["custom_cnn"],
                    training={"epochs": epochs},
                    seed=seed,
                    out=Path(place) / f"run-{trained}-{seed}",
                )
                classifier = finished.load()
                for judged in WAYS:
                    table = classifier.predict(Path(place) / judged / "test")
                    truth = [Path(path).parent.name for path in table["path"]]
                    share = float((table["top_class"] == truth).mean())
                    found[trained, judged].append(share)
                    print(f"seed {seed}: trained on {trained}, judged on {judged}: {share:.4f}")
    for (trained, judged), shares in found.items():
        print(f"trained on {trained}, judged on {judged}: mean {statistics.mean(shares):.4f}")
    say(
        "trained and judged on reduced, minus on full",
        found["reduced", "reduced"],
        found["full", "full"],
    )
    say(
        "trained on full: judged on reduced, minus on full",
        found["full", "reduced"],
        found["full", "full"],
    )
    say(
        "trained on reduced: judged on full, minus on reduced",
        found["reduced", "full"],
        found["reduced", "reduced"],
    )


def write(place: Path, files: list[Path], images: list[NDArray[np.uint8]]) -> None:
    """As PNG files of the network's own size, which every decoder leaves as they are."""
    for number, (file, image) in enumerate(zip(files, images, strict=True)):
        part = "test" if number % HELD_OUT == 0 else "train"
        folder = place / part / file.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{file.stem}.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def say(what: str, these: list[float], those: list[float]) -> None:
    differences = np.subtract(these, those)
    mean = differences.mean()
    n = len(differences)
    half = student.ppf(0.975, n - 1) * differences.std(ddof=1) / n**0.5 if n > 1 else float("nan")
    print(
        f"{what}: {100 * mean:+.2f} points [{100 * (mean - half):+.2f}, {100 * (mean + half):+.2f}]"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
