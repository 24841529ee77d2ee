"""How often batches of images are said to look unlike those of training, for real batches.

    python benchmarks/batch_drift.py DATA_ROOT [DRAWS]

What is usual is taken from a random 65 % of `pbc_160`. Batches of 20, 100 and 500 are drawn DRAWS
(1,000) times from the other 35 %: at random; of one class; of one class, by following numbers in
the file names, which may be of one slide; of each class where training has but 20 images of it; and
at random with all images taken for a random class, as by a model that has learned nothing. Then the
same with images that were changed; with `pbc`, cells of the same set before they were made smaller
for `pbc_160`; and with `bccd_crop`, of another laboratory. Classes are the true ones unless it says
otherwise. Prints the share of the batches of which a drift is said. Images are brought to 128
pixels.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cellclf.data.stain_focus import stain_and_focus
from cellclf.evaluation.drift import UsualLook
from cellclf.inference.chunks import input_chunks
from cellclf.inference.finding import find_inputs

SIZE = 128
CHUNK = 256
FEW = 20
TRAINED = 0.65
SIZES = (20, 100, 500)
SEED = 0

Images = NDArray[np.uint8]
Drawn = tuple[NDArray[np.float32], NDArray[np.intp]]
Draw = Callable[[np.random.Generator, int], Drawn]


def blurred(sigma: float) -> Callable[[Images], Images]:
    """Defocus, in pixels of the image as the network sees it."""
    return lambda images: np.stack([cv2.GaussianBlur(one, (0, 0), sigma) for one in images])


def recoloured(*factors: float) -> Callable[[Images], Images]:
    """Another light or stain: red, green and blue times a factor each."""
    return lambda images: np.clip(images * np.array(factors), 0, 255).astype(np.uint8)


CHANGES: Mapping[str, Callable[[Images], Images]] = {
    "blurred, sigma 0.5": blurred(0.5),
    "blurred, sigma 1": blurred(1),
    "blurred, sigma 2": blurred(2),
    "blurred, sigma 3": blurred(3),
    "darker by 2 %": recoloured(0.98, 0.98, 0.98),
    "darker by 5 %": recoloured(0.95, 0.95, 0.95),
    "redder (red +5 %, blue -5 %)": recoloured(1.05, 1, 0.95),
    "bluer (red -5 %, blue +5 %)": recoloured(0.95, 1, 1.05),
    "stronger stain (gamma 1.3)": lambda images: (255 * (images / 255) ** 1.3).astype(np.uint8),
}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The measures of some images."""

    paths: tuple[Path, ...]
    taken_for: NDArray[np.intp]
    measures: NDArray[np.float32]

    @property
    def numbers(self) -> NDArray[np.intp]:
        """The number in each file name."""
        found = [re.search(r"\d+", path.stem) for path in self.paths]
        return np.array([int(one.group()) if one else 0 for one in found])


def measured(
    folder: Path,
    classes: tuple[str, ...],
    changes: Mapping[str, Callable[[Images], Images]] | None = None,
) -> dict[str, Measured]:
    """Measure the images of a folder as they are (``), and as they are changed."""
    wanted = {"": lambda images: images, **(changes or {})}
    paths = sorted(path for name in classes for path in (folder / name).glob("*"))
    found: dict[str, list[NDArray[np.float32]]] = {name: [] for name in wanted}
    read: list[Path] = []
    for chunk in input_chunks(find_inputs(paths), size=SIZE, mode="stretch", length=CHUNK):
        read += map(Path, chunk.ids)
        for name, change in wanted.items():
            found[name].append(stain_and_focus(change(chunk.images)))
    taken_for = np.array([classes.index(path.parent.name) for path in read])
    return {
        name: Measured(paths=tuple(read), taken_for=taken_for, measures=np.concatenate(measures))
        for name, measures in found.items()
    }


def at_random(images: Measured, rows: NDArray[np.intp]) -> Draw:
    """Any images of `rows`."""

    def draw(rng: np.random.Generator, number: int) -> Drawn:
        chosen = rng.choice(rows, number, replace=False)
        return images.measures[chosen], images.taken_for[chosen]

    return draw


def of_one_class(images: Measured, rows: NDArray[np.intp], *, following: bool) -> Draw:
    """Images of one class, drawn alike; at random, or by following numbers in their names."""
    ordered = rows[np.argsort(images.numbers[rows], kind="stable")]

    def draw(rng: np.random.Generator, number: int) -> Drawn:
        counts = np.bincount(images.taken_for[rows])
        members = ordered[images.taken_for[ordered] == rng.choice(np.flatnonzero(counts >= number))]
        if following:
            start = rng.integers(0, len(members) - number + 1)
            chosen = members[start : start + number]
        else:
            chosen = rng.choice(members, number, replace=False)
        return images.measures[chosen], images.taken_for[chosen]

    return draw


def taken_for_any(draw: Draw, classes: int) -> Draw:
    """The same images, each taken for a random class."""

    def drawn(rng: np.random.Generator, number: int) -> Drawn:
        measures, _ = draw(rng, number)
        return measures, rng.integers(0, classes, number)

    return drawn


def of_a_rare_class(
    images: Measured, trained: NDArray[np.bool_], classes: int
) -> Iterator[tuple[UsualLook, NDArray[np.intp]]]:
    """Yield, for each class, what is usual where training has `FEW` of it, and new rows of it."""
    for number in range(classes):
        members = np.flatnonzero(trained & (images.taken_for == number))
        kept = trained.copy()
        kept[members[FEW:]] = False
        usual = UsualLook.of(images.measures[kept], images.taken_for[kept], classes=classes)
        yield usual, np.flatnonzero(~trained & (images.taken_for == number))


def a_third(plain: Measured, changed: Measured, rows: NDArray[np.intp]) -> Draw:
    """Images at random of which a third is changed."""

    def draw(rng: np.random.Generator, number: int) -> Drawn:
        chosen = rng.choice(rows, number, replace=False)
        third = (np.arange(number) % 3 == 0)[:, None]
        measures = np.where(third, changed.measures[chosen], plain.measures[chosen])
        return measures, plain.taken_for[chosen]

    return draw


def batches(root: Path) -> Iterator[tuple[str, UsualLook, Draw, int]]:
    """Yield what is drawn: its name, what is usual, how to draw, and how many images there are."""
    classes = tuple(sorted(path.name for path in (root / "pbc_160").iterdir() if path.is_dir()))
    all_of = measured(root / "pbc_160", classes, CHANGES)
    plain = all_of[""]
    trained = np.random.default_rng(SEED).random(len(plain.paths)) < TRAINED
    usual = UsualLook.of(plain.measures[trained], plain.taken_for[trained], classes=len(classes))
    rest = np.flatnonzero(~trained)
    largest = int(np.bincount(plain.taken_for[rest]).max())
    random = at_random(plain, rest)
    yield "at random", usual, random, len(rest)
    yield "of one class", usual, of_one_class(plain, rest, following=False), largest
    yield (
        "of one class, following numbers",
        usual,
        of_one_class(plain, rest, following=True),
        largest,
    )
    rare = of_a_rare_class(plain, trained, len(classes))
    for name, (known, rows) in zip(classes, rare, strict=True):
        yield f"of {name}, {FEW} in training", known, at_random(plain, rows), len(rows)
    yield (
        "at random, taken for random classes",
        usual,
        taken_for_any(random, len(classes)),
        len(rest),
    )
    for name in CHANGES:
        yield name, usual, at_random(all_of[name], rest), len(rest)
    for name in ("blurred, sigma 1", "darker by 5 %"):
        yield f"a third {name}", usual, a_third(plain, all_of[name], rest), len(rest)
    for folder in ("pbc", "bccd_crop"):
        here = tuple(name for name in classes if (root / folder / name).is_dir())
        other = measured(root / folder, here)[""]
        renumbered = np.array([classes.index(here[number]) for number in other.taken_for])
        other = Measured(paths=other.paths, taken_for=renumbered, measures=other.measures)
        rows = np.arange(len(other.paths))
        yield f"`{folder}`", usual, at_random(other, rows), len(rows)
        if folder == "bccd_crop":
            drawn = taken_for_any(at_random(other, rows), len(classes))
            yield f"`{folder}`, taken for random classes", usual, drawn, len(rows)


def main() -> None:
    """Print the table."""
    root, draws = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    print(f"| batches | {' | '.join(f'of {size}' for size in SIZES)} |")
    print(f"| --- |{' --- |' * len(SIZES)}")
    for name, usual, draw, available in batches(root):
        rng = np.random.default_rng(SEED)
        shares = []
        for size in SIZES:
            if size > available:
                shares.append("–")
                continue
            said = sum(bool(usual.compared(*draw(rng, size)).departures) for _ in range(draws))
            shares.append(f"{said / draws:.1%}".replace("%", " %"))
        print(f"| {name} | {' | '.join(shares)} |", flush=True)


if __name__ == "__main__":
    main()
