"""How well the class can be told from the border pixels alone, for each set of real images.

    python benchmarks/background_probe.py DATA_ROOT

DATA_ROOT holds the sets as folders, and `groups.csv` with the columns dataset, label, file and
group, which says what must stay together. Prints a row of Markdown a set: readable images, classes
probed, sources, chance, balanced accuracy with its 95 % interval, the classes that the border gives
away, the severity of the finding, and the seconds that the probe alone took.
"""

from __future__ import annotations

import csv
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import cellclf
from cellclf.auditing.background import probe_background
from cellclf.auditing.measure import measure
from cellclf.checking import data_plan
from cellclf.files import cache_folder
from cellclf.pipeline.prepare import load_samples
from cellclf.progress import Silent
from cellclf.registry import installed
from cellclf.specs import DatasetSpec

FOLDERS = (
    "pbc",
    "pbc_160",
    "malaria",
    "chula_rbc",
    "bccd_crop",
    "bccd_augmented_train",
    "bccd_augmented_test",
)
BY_DATASET = (("bccd_fields", "blood_cell_fields"), ("chula_rbc", "red_cell_shapes"))
"""Folders that a dataset of their own reads; it says what belongs together."""

Groups = dict[tuple[str, str, str], str]


def main(root: Path) -> None:
    with (root / "groups.csv").open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        groups = {(row["dataset"], row["label"], row["file"]): row["group"] for row in rows}
    columns = ("set", "images", "classes", "sources", "chance", "sorted by the border")
    print("|", " | ".join([*columns, "given away", "finding", "s"]), "|")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in FOLDERS:
        report(name, grouped(load(root / name, "image_folder"), name, groups))
    for folder, dataset in BY_DATASET:
        if dataset in installed().names(DatasetSpec):
            report(f"{folder}, as {dataset}", load(root / folder, dataset))
        else:
            print(f"{folder}: left out, no installed plugin offers the dataset {dataset!r}")


def load(path: Path, dataset: str) -> cellclf.Samples:
    raw = {"data": {"dataset": dataset, "path": str(path)}}
    return load_samples(data_plan(raw, installed()))


def grouped(samples: cellclf.Samples, name: str, groups: Groups) -> cellclf.Samples:
    def known(sample: cellclf.Sample) -> cellclf.Sample:
        group = groups.get((name, sample.label, Path(str(sample.path)).name), "")
        return replace(sample, groups={"source": group})

    return replace(samples, samples=tuple(map(known, samples)))


def report(name: str, samples: cellclf.Samples) -> None:
    audit = cellclf.audit(samples)
    measured = measure(samples, cache=cache_folder(), progress=Silent())
    readable = measured.readable
    border, labels = measured.appearance["border"][readable], samples.labels[readable]
    began = time.perf_counter()
    probe = probe_background(border, labels, audit.units[readable], samples.classes)
    seconds = time.perf_counter() - began
    if probe is None:
        print(f"{name}: too few sources to probe")
        return
    assert probe == audit.probe
    (severity,) = [one.severity for one in audit.of_kind("background_shortcut")] or ["none"]
    print(
        f"| {name} | {probe.images:,} | {len(probe.classes)} | {len(np.unique(audit.units)):,} "
        f"| {100 * probe.chance:.1f} % | {100 * probe.accuracy:.1f} % "
        f"({100 * probe.low:.1f} to {100 * probe.high:.1f}) "
        f"| {', '.join(probe.shortcuts) or '-'} | {severity} | {seconds:.1f} |",
        flush=True,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
