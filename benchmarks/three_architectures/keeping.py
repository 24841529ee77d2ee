"""What is kept of finished runs: records and test answers, without weights, images and places.

comparison.json      how the comparison was made
test.csv.gz          one row a test image: its id, label and unit, and what each run took it for
RUN/                 record, metrics, facts, experiment, history and speeds of one training
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from benchmarks.three_architectures.runs import KIND, Run
from benchmarks.three_architectures.training import SPEEDS
from cellclf.experiment import read_toml
from cellclf.files import write_bytes, write_text
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.sources import units_in
from cellclf.run_directory import RunDirectory, read_json
from cellclf.spreadsheets import read_texts
from cellclf.training.history import HISTORY_NAME

__all__ = ["ANSWERS", "finished", "keep", "places_in"]

ANSWERS = "test.csv.gz"

OF_THE_MACHINE = ("platform", "plugin_files")
"""Entries of a record that say where it was made."""

LISTED_FILES = "findings"
"""The entry of a record that lists files; the same in every run, and long."""

PLACE = re.compile(r"(?<![\w.:/*])(?:/[\w.~-]+){2,}|\b[A-Z]:\\\\?\w")
"""What looks like a place on a machine."""

DIGITS = "%.6g"


def finished(out: Path) -> list[Path]:
    """The run directories in `out` whose runs are complete, in the order of their names."""
    places = [file.parent for file in sorted(out.glob("*/record.json"))]
    return [place for place in places if RunDirectory(place).is_complete()]


def keep(out: Path, results: Path) -> None:
    """Copy what the figures need of every complete run in `out` to `results`, which is made anew.

    Raises:
        SystemExit: There is no such run, the runs were judged on different images, or what would
            be kept names a place on this machine.
    """
    places = finished(out)
    if not places:
        raise SystemExit(f"{out} holds no complete run")
    kept = {file: text for place in places for file, text in _texts(place)}
    kept[KIND] = (out / KIND).read_text(encoding="utf-8")
    answers = _answers(places)
    table = answers.to_csv(index=False, lineterminator="\n")
    for file, text in {**kept, ANSWERS: table}.items():
        for found in places_in(text):
            raise SystemExit(f"{file} names a place on this machine: {found}")
    shutil.rmtree(results, ignore_errors=True)
    for file, text in kept.items():
        write_text(results / file, text)
    # Without the time, so that the same answers are the same bytes.
    write_bytes(results / ANSWERS, gzip.compress(table.encode(), mtime=0))
    size = sum(file.stat().st_size for file in results.rglob("*") if file.is_file())
    print(f"{len(places)} runs on {len(answers):,} test images: {size / 1000:.0f} kB in {results}")


def places_in(text: str) -> Iterator[str]:
    """What in a text looks like a place on a machine."""
    yield from (found[0] for found in PLACE.finditer(text))


def _texts(place: Path) -> Iterator[tuple[str, str]]:
    """The small files of one run, by where they are kept."""
    directory, label = RunDirectory(place), Run.named(place.name).architecture
    record = directory.record()
    left_out = (*OF_THE_MACHINE, LISTED_FILES)
    facts = read_json(directory.facts(label))
    experiment = read_toml(directory.experiment_file)
    experiment["data"]["path"] = "PBC"
    history = pd.read_csv(directory.training(label) / HISTORY_NAME)
    found = {
        "record.json": _json({key: of for key, of in record.items() if key not in left_out}),
        "metrics.json": _json(read_json(directory.metrics_file)),
        # What the model promised and what came of it stands in the metrics.
        "facts.json": _json({key: of for key, of in facts.items() if key != "promises"}),
        "experiment.toml": tomli_w.dumps(experiment),
        HISTORY_NAME: history.to_csv(index=False, float_format=DIGITS, lineterminator="\n"),
        SPEEDS: _json(read_json(place / SPEEDS)),
    }
    yield from ((f"{place.name}/{name}", text) for name, text in found.items())


def _json(content: Mapping[str, Any]) -> str:
    """One line an entry, which is a third smaller than one a number."""
    lines = [
        f" {json.dumps(key)}: {json.dumps(of, ensure_ascii=False)}" for key, of in content.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _answers(places: list[Path]) -> pd.DataFrame:
    """One row a test image: columns `sample_id`, `label`, `unit`, and the top class of each run."""
    table = pd.DataFrame()
    for place in places:
        found = FinishedRun(place).predictions(Run.named(place.name).architecture)
        rows = found[found["split"] == "test"].sort_values("sample_id", ignore_index=True)
        if table.empty:
            units = units_in(read_texts(RunDirectory(place).division_file), rows)
            table = rows[["sample_id", "label"]].assign(unit=pd.factorize(units)[0])
        if list(table["sample_id"]) != list(rows["sample_id"]):
            raise SystemExit(f"{place} was judged on other images than {places[0]}")
        table[place.name] = rows["top_class"]
    return table
