"""Reading every image of a set from a zip file, against reading the same files from a folder.

    python benchmarks/archives.py FOLDER [--files 12000]

The folder's images are taken in turn until there are as many as asked for, and written, once as
files and once into one zip file, below a temporary folder. Each is listed, then read by two threads
as the image store reads first: the hash of the content alone. Ways take turns; the best time
counts. What it costs to open the archive anew for every member is measured on some of them.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from cellclf.data.listing import list_files
from cellclf.data.reading import content_hash

THREADS = 2
TURNS = 3
OPENED_ANEW = 100


def write_both(originals: list[Path], files: int, folder: Path, archive: Path) -> None:
    folder.mkdir()
    taken = itertools.islice(itertools.cycle(originals), files)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for number, original in enumerate(taken):
            copy = folder / f"{number:06}{original.suffix}"
            copy.write_bytes(original.read_bytes())
            file.write(copy, copy.name)


def read_all(root: Path) -> None:
    samples = [image.sample(label="cell") for image in list_files(root).images]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda sample: content_hash(sample, None), samples))


def read_opening_anew(archive: Path) -> None:
    for image in list_files(archive).images[:OPENED_ANEW]:
        with zipfile.ZipFile(archive) as file:
            file.read(image.id)


def seconds(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=12_000)
    arguments = parser.parse_args()
    originals = [image.path for image in list_files(arguments.folder).images]
    with tempfile.TemporaryDirectory() as place:
        folder, archive = Path(place, "folder"), Path(place, "set.zip")
        write_both(originals, arguments.files, folder, archive)
        turns = [
            (seconds(partial(read_all, folder)), seconds(partial(read_all, archive)))
            for _ in range(TURNS)
        ]
        anew = seconds(partial(read_opening_anew, archive)) / OPENED_ANEW
    from_folder, from_zip = (min(times) / arguments.files for times in zip(*turns, strict=True))
    print(f"{arguments.files} files, {THREADS} threads, microseconds a file:")
    print(f"  from a folder                      {from_folder * 1e6:8.0f}")
    print(f"  from a zip file                    {from_zip * 1e6:8.0f}")
    print(f"  opening the zip file for each one  {anew * 1e6:8.0f}")
    print(f"zip file against folder: {from_zip / from_folder:.2f} times the time")


if __name__ == "__main__":
    main()
