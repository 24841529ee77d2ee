"""Cutting every cell from whole fields, with and without keeping the field that was decoded last.

    python benchmarks/fields.py FOLDER

FOLDER holds fields with Pascal VOC boxes, as `blood_cell_fields` reads them. Two threads read all
cells in order, as the image store does. Ways take turns; the best time counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cellclf_blood.fields import load
from cellclf_blood.params import FieldsParams

from cellclf import Sample
from cellclf.data.decode import decode
from cellclf.data.reading import content_hash, read_sample

THREADS = 2
TURNS = 3


def decoding_each_time(sample: Sample) -> None:
    content_hash(sample, None)
    left, top, right, bottom = sample.box or (0, 0, 0, 0)
    decode(Path(str(sample.path)).read_bytes())[top:bottom, left:right].copy()


def keeping_the_field(sample: Sample) -> None:
    read_sample(sample, None)


def seconds(read: Callable[[Sample], None], samples: tuple[Sample, ...]) -> float:
    begin = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(read, samples))
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    samples = load(FieldsParams(), root=parser.parse_args().folder).samples
    ways = (decoding_each_time, keeping_the_field)
    turns = [[seconds(way, samples) for way in ways] for _ in range(TURNS)]
    each, kept = (min(times) for times in zip(*turns, strict=True))
    fields = len({sample.path for sample in samples})
    print(f"{len(samples)} cells of {fields} fields, {THREADS} threads, milliseconds a cell:")
    print(f"  decoding the field for each cell  {each / len(samples) * 1e3:.2f}")
    print(f"  keeping the field                 {kept / len(samples) * 1e3:.2f}")
    print(f"keeping the field is {each / kept:.1f} times as fast")


if __name__ == "__main__":
    main()
