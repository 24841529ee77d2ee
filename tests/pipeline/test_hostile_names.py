"""A run of classes and files with names that do harm where they are taken for something else."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import cellclf
from cellclf.pipeline.run import run
from cellclf.registry import installed
from cellclf.spreadsheets import FORMULA, read_texts, write_table
from tests.hostile_names import HOSTILE
from tests.images import write_folder
from tests.reporting.pages import Page
from tests.reporting.test_hostile_names import harmless
from tests.tiny import TINY

CLASSES = ("<script>alert(1)<", "=cmd()", "-1", "cell\u202egnp", "🩸", "$x^2$", "{{ 7 * 7 }}")
LONGEST = 60
"""Characters of a file name: with its folder it must not be too long for the system."""


def test_a_run_of_hostile_names_is_harmless_and_predicts_them_letter_for_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    installed.cache_clear()
    cellclf.register(TINY)
    write_folder(Path("cells"), dict.fromkeys(CLASSES, 12))
    for folder in Path("cells").iterdir():
        names = [name for name in HOSTILE if "/" not in name and "\r" not in name]
        for file, name in zip(sorted(folder.iterdir()), names, strict=False):
            file.rename(folder / f"{name[:LONGEST]}.png")
    finished = run(
        {
            "data": {"dataset": "image_folder", "path": "cells", "image_size": 16},
            "models": ["tiny_net"],
            "training": {"epochs": 1, "batch_size": 8},
        },
        out=Path("run"),
    )
    for page in ("report.html", "audit.html"):
        harmless(Page((finished.path / page).read_text(encoding="utf-8")))

    classified = finished.load().classify("cells")
    assert set(classified.counts) == set(CLASSES)
    classified.write_csv(Path("new.csv"))
    counted = cellclf.differential("new.csv")
    assert {one.name for one in counted.specimens} == {f"cells/{name}" for name in CLASSES}
    counted.write_csv(Path("counts.csv"))
    cellclf.batch_report(classified, page="new.html", review="review.csv")
    harmless(Page(Path("new.html").read_text(encoding="utf-8")))
    review = read_texts(Path("review.csv"))
    assert all(Path(path).is_file() for path in review["path"])
    write_table(review.assign(corrected=review["top_class"]), Path("review.csv"))
    assert cellclf.differential("new.csv", review="review.csv").reviewed == len(review) > 0

    for file in (
        "review.csv",
        "new.csv",
        "counts.csv",
        "run/division.csv",
        "run/predictions/tiny_net.csv",
    ):
        with Path(file).open(encoding="utf-8", newline="") as rows:
            cells = [cell for row in csv.reader(rows) for cell in row]
        assert not [cell for cell in cells if not cell.startswith("'") and FORMULA.match(cell)]
