"""From a run to what a plugin ships, and on to predictions by its name."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import cellclf
from cellclf.errors import DataError, ExperimentError, PluginError
from cellclf.experiment import Experiment
from cellclf.inference.bundle import read_bundle
from cellclf.pipeline.ship import Shipped, ship
from cellclf.registry import SESSION
from cellclf.testing import check_plugin

pytestmark = pytest.mark.usefixtures("tiny_net")

ABOUT = {"name": "tiny_cells", "licence": "CC BY 4.0", "citation": "Nobody (2026). Cells."}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shipping_cells").mkdir()
    (tmp_path / "shipping_cells" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "shipping_cells"


@pytest.fixture
def shipped(two_models: Path, package: Path) -> Shipped:
    told = package.parent / "elsewhere.md"
    told.write_text("# Table\n\n| cells | accuracy |\n| --- | --- |\n\n## Why\n\nStain.\n")
    return ship(two_models / "run", package / "shipped", other_laboratories=told, **ABOUT)


def test_the_best_model_is_written_in_half_the_bytes_and_held_against_its_own(
    two_models: Path, shipped: Shipped
) -> None:
    run = cellclf.FinishedRun(two_models / "run")
    assert shipped.half.original == run.bundle()
    said = run.predictions()
    assert shipped.half.given_images is not None
    assert shipped.half.given_images.images == (said["split"] == "validation").sum()
    assert read_bundle(shipped.bundle).sha256 == shipped.half.sha256
    assert f"Written: {shipped.card}" in shipped.summary()


def test_the_card_says_what_the_run_says_and_what_it_cannot_know(shipped: Shipped) -> None:
    card = shipped.card.read_text(encoding="utf-8")
    chapters = [line.removeprefix("## ") for line in card.splitlines() if line.startswith("## ")]
    assert chapters[:2] == ["The file", "Data, licence and attribution"]
    assert chapters[-2:] == ["Other laboratories", "Caveats and recommendations"]
    assert "Quantitative analyses" in chapters
    assert card.startswith("# Model card: tiny_cells\n\n**Not for clinical use.**\n")
    assert f"SHA-256: `{shipped.half.sha256}`" in card
    assert f"{shipped.bundle.stat().st_size:,} bytes" in card
    assert "- Attribution: Nobody (2026). Cells." in card
    assert r"- Users: Whoever tries \*this\*." in card
    assert "### Table\n\n| cells | accuracy |\n| --- | --- |\n\n#### Why" in card


def test_without_other_laboratories_the_card_says_so(two_models: Path, tmp_path: Path) -> None:
    shipped = ship(two_models / "run", tmp_path / "shipped", **ABOUT)
    card = shipped.card.read_text(encoding="utf-8")
    assert "- Images of other laboratories: **not stated**" in card


def test_the_experiment_names_no_place_and_only_the_model_that_is_shipped(
    two_models: Path, shipped: Shipped
) -> None:
    raw = tomllib.loads(shipped.experiment.read_text(encoding="utf-8"))
    assert "path" not in raw["data"]
    assert list(raw["models"]) == [cellclf.FinishedRun(two_models / "run").best]
    assert raw["card"]["site"] == "/a/laboratory"
    assert Experiment(**raw).data.image_size == 16


def test_an_experiment_that_needs_another_file_is_refused(two_models: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    copy.mkdir()
    for file in (two_models / "run").rglob("*"):
        if file.is_file():
            (copy / file.relative_to(two_models / "run")).parent.mkdir(parents=True, exist_ok=True)
            (copy / file.relative_to(two_models / "run")).write_bytes(file.read_bytes())
    text = (copy / "experiment.toml").read_text(encoding="utf-8")
    changed = text.replace(
        "[data.group_table]\n", '[data.group_table]\npath = "/a/groups.csv"\n', 1
    )
    assert changed != text
    (copy / "experiment.toml").write_text(changed, encoding="utf-8")
    with pytest.raises(ExperimentError, match=r"data\.group_table\.path"):
        ship(copy, tmp_path / "shipped", **ABOUT)


def test_a_name_that_is_none_and_images_that_are_gone_are_refused(
    two_models: Path, tmp_path: Path
) -> None:
    with pytest.raises(PluginError, match="`name` must be lower-case"):
        ship(two_models / "run", tmp_path, **{**ABOUT, "name": "Blood Cells"})
    (two_models / "cells").rename(two_models / "moved")
    try:
        with pytest.raises(DataError, match="validation images of the run must be where they were"):
            ship(two_models / "run", tmp_path / "shipped", **ABOUT)
    finally:
        (two_models / "moved").rename(two_models / "cells")
    assert not (tmp_path / "shipped" / "tiny_cells.safetensors").exists()


def test_what_was_shipped_keeps_the_promises_of_a_shipped_model(
    shipped: Shipped, two_models: Path
) -> None:
    spec = cellclf.PretrainedSpec(
        name="tiny_cells",
        summary="Two classes",
        bundle="shipping_cells:shipped/tiny_cells.safetensors",
        card="shipping_cells:shipped/tiny_cells.md",
        experiment="shipping_cells:shipped/tiny_cells.toml",
        licence=ABOUT["licence"],
        citation=ABOUT["citation"],
    )
    cellclf.register(spec)
    check_plugin(spec)
    classified = cellclf.load(f"{SESSION}/tiny_cells").classify(two_models / "cells")
    assert len(classified.table) == 48
    assert shipped.bundle.exists()
