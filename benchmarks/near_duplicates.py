"""How many copies the audit finds, how many it invents, and how its time grows.

    python benchmarks/near_duplicates.py DATA [--growth]

DATA is a folder with `pbc`, `bccd_augmented_train`, `bccd_augmented_test` and `groups.csv`; other
folders of images in it are searched for copies that nobody has put there. Pictures of the pairs
that the list of sources calls false are written to `near_duplicates_false.png`.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cellclf.auditing.near_duplicates import Link, describe, near_duplicates
from cellclf.data.decode import decode
from cellclf.progress import Silent

SOURCES, COPIES = 200, 10
BORDERS = (cv2.BORDER_REFLECT_101, cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)
SHOWN, THUMB, COLUMNS = 50, 140, 5


def copy_of(image: np.ndarray, rng: np.random.Generator) -> bytes:
    """Turn by any angle, mirror, shift, zoom, recolour, blur, shrink and compress an image."""
    height, width = image.shape[:2]
    image = image[:: rng.choice([1, -1]), :: rng.choice([1, -1])]
    turn = cv2.getRotationMatrix2D(
        (width / 2, height / 2), rng.uniform(0, 360), rng.uniform(0.8, 1.3)
    )
    turn[:, 2] += rng.uniform(-0.1, 0.1, 2) * (width, height)
    fill = (int(rng.choice([0, 255])),) * 3
    border = BORDERS[rng.integers(len(BORDERS))]
    image = cv2.warpAffine(
        np.ascontiguousarray(image), turn, (width, height), borderMode=border, borderValue=fill
    )
    colours = image * rng.uniform(0.85, 1.15, 3) + rng.uniform(-15, 15)
    colours = (colours - colours.mean()) * rng.uniform(0.8, 1.2) + colours.mean()
    image = np.clip(colours, 0, 255).astype(np.uint8)
    if (blur := rng.uniform(0, 1.5)) > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    if rng.random() < 0.3:
        share = rng.uniform(0.6, 1.0)
        image = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))]
    return cv2.imencode(".jpg", image, quality)[1].tobytes()


def images_of(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))


def links_of(contents: Iterable[Path | bytes]) -> tuple[list[Link], int, float, float]:
    """Links, number of images, and seconds for describing and for matching."""
    began = time.perf_counter()

    def described(content: Path | bytes):
        return describe(decode(content if isinstance(content, bytes) else content.read_bytes()))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        descriptions = list(pool.map(described, contents))
    middle = time.perf_counter()
    links = near_duplicates(descriptions, progress=Silent())
    return list(links), len(descriptions), middle - began, time.perf_counter() - middle


def clusters(links: Sequence[Link], n: int) -> np.ndarray:
    ends = np.array([(link.first, link.second) for link in links]).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), tuple(ends.T)), shape=(n, n))
    return connected_components(graph, directed=False)[1]


def pairs_within(numbers: Sequence[object]) -> set[tuple[int, int]]:
    members: dict[object, list[int]] = {}
    for row, number in enumerate(numbers):
        members.setdefault(number, []).append(row)
    return {pair for rows in members.values() for pair in combinations(rows, 2)}


def compared(name: str, contents: Sequence[Path | bytes], sources: Sequence[object]) -> None:
    links, n, describing, matching = links_of(contents)
    true = pairs_within(sources)
    reported = pairs_within(clusters(links, n).tolist())
    linked = {(link.first, link.second) for link in links}
    print(
        f"{name}: {n} images, {len(set(sources))} sources; {len(true & reported)} of {len(true)} "
        f"pairs found ({len(true & reported) / len(true):.2%}); {len(reported)} pairs reported, "
        f"{len(true & reported)} of one source by the list "
        f"({len(true & reported) / len(reported):.2%}); direct links {len(linked)}, of one source "
        f"{len(linked & true)}; {describing:.1f} + {matching:.1f} s"
    )
    false = [link for link in links if (link.first, link.second) not in true]
    if false and isinstance(contents[0], Path):
        show(false, contents, Path(f"near_duplicates_false_{name.split()[0]}.png"))


def show(links: Sequence[Link], contents: Sequence[Path | bytes], place: Path) -> None:
    rows = []
    for link in sorted(links, key=lambda link: link.correlation)[:SHOWN]:
        print(
            f"    {contents[link.first]} ~ {contents[link.second]}: overlap {link.overlap}, "
            f"correlation {link.correlation}"
        )
        both = [decode(contents[row].read_bytes()) for row in (link.first, link.second)]
        pair = [cv2.resize(image, (THUMB, THUMB), interpolation=cv2.INTER_AREA) for image in both]
        rows.append(np.hstack([*pair, np.full((THUMB, 8, 3), 255, np.uint8)]))
    rows += [np.zeros_like(rows[0])] * (-len(rows) % COLUMNS)
    sheet = np.vstack([np.hstack(rows[k : k + COLUMNS]) for k in range(0, len(rows), COLUMNS)])
    cv2.imwrite(str(place), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def unexpected(name: str, contents: Sequence[Path]) -> None:
    links, n, describing, matching = links_of(contents)
    images = len({row for link in links for row in (link.first, link.second)})
    print(
        f"{name}: {n} images thought original; {len(links)} links, {images} images "
        f"({images / n:.2%}); {describing:.1f} + {matching:.1f} s"
    )
    if links:
        show(links, contents, Path(f"near_duplicates_found_{name}.png"))


def made(files: Sequence[Path], sources: int) -> tuple[list[bytes], list[int]]:
    rng = np.random.default_rng(0)
    chosen = sorted(rng.choice(len(files), sources, replace=False).tolist())
    images = [decode(files[number].read_bytes()) for number in chosen]
    contents = [copy_of(image, rng) for image in images for _ in range(COPIES)]
    return contents, [number for number in chosen for _ in range(COPIES)]


def augmented(data: Path) -> tuple[list[Path], list[str]]:
    files, sources = [], []
    with (data / "groups.csv").open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if row["dataset"].startswith("bccd_augmented") and row["group"]:
                files.append(data / row["dataset"] / row["label"] / row["file"])
                sources.append(row["group"])
    return files, sources


def growth(data: Path) -> None:
    """Time of sets that are half copies, half originals, of growing size."""
    files = images_of(data / "pbc_160")
    for n in (2_000, 4_000, 8_000, 17_000):
        copies, _ = made(files, n // (2 * COPIES))
        originals = files[:: max(1, len(files) // (n // 2))][: n - len(copies)]
        began = time.process_time()
        links, count, describing, matching = links_of([*copies, *originals])
        working = time.process_time() - began
        print(
            f"{count} images: {describing:.1f} s describing, {matching:.1f} s matching, "
            f"{1e3 * working / count:.2f} ms of processor time an image, {len(links)} links",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--others", action="store_true", help="search the other folders too")
    given = parser.parse_args()
    if given.growth:
        growth(given.data)
        return
    pbc = images_of(given.data / "pbc")
    contents, sources = made(pbc, SOURCES)
    compared("made from pbc", contents, sources)
    compared("bccd_augmented", *augmented(given.data))
    unexpected("pbc", pbc)
    if given.others:
        for name in ("malaria", "chula_rbc", "bccd_crop", "pbc_160"):
            unexpected(name, images_of(given.data / name))


if __name__ == "__main__":
    main()
