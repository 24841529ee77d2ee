"""The trained model of this package."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import cellclf_blood
import numpy as np
import pandas as pd
import pytest
from cellclf_blood.demo import load
from cellclf_blood.params import DemoParams
from cellclf_blood.plugin import cellclf_pretrained
from cellclf_blood.vocabulary import CLASSES
from sklearn.metrics import accuracy_score, f1_score

import cellclf
from cellclf.evaluation.calibration import expected_calibration_error
from cellclf.evaluation.predictions import probabilities, true_classes
from cellclf.testing import check_plugin

SHIPPED = Path(cellclf_blood.__file__).parent / "shipped"

TEST_PART = Path(__file__).with_name("blood_cells_test_part.csv")
"""Names and classes of the images of PBC that the model was not trained on, nor chosen by."""

MOST_BYTES = 5_000_000

LEAST_ACCURACY = 0.985
LEAST_F1 = 0.98
LARGEST_CALIBRATION_ERROR = 0.015


def test_what_it_needs_comes_with_it() -> None:
    file = Path(__file__).parents[1] / "pyproject.toml"
    project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    assert "cellclf-custom-cnn>=0.1,<0.2" in project["dependencies"]


def test_it_keeps_the_promises_of_a_shipped_model() -> None:
    (spec,) = cellclf_pretrained()
    check_plugin(spec)
    assert "Acevedo" in spec.citation
    assert (SHIPPED / "blood_cells.safetensors").stat().st_size <= MOST_BYTES


def test_its_card_names_whose_images_they_are_and_what_was_measured_elsewhere() -> None:
    card = (SHIPPED / "blood_cells.md").read_text(encoding="utf-8")
    for said in ("CC BY 4.0", "Acevedo", "30:105474", "## Other laboratories", "95 % intervals"):
        assert said in card
    assert "Images of other laboratories: **not stated**" not in card
    assert "Synthetic images" not in card


def test_it_classifies_into_the_eight_classes() -> None:
    classifier = cellclf.load("cellclf-blood/blood_cells")
    assert classifier.classes == CLASSES
    assert classifier.decision is not None
    assert classifier.decision.refusal is not None
    images = load(DemoParams(images_per_class=1)).images
    assert images is not None
    table = classifier.predict(images)
    assert len(table) == len(CLASSES)
    np.testing.assert_allclose(probabilities(table).sum(axis=1), 1, atol=1e-5)


@pytest.mark.real_data
@pytest.mark.slow
def test_it_is_as_good_as_it_says_on_real_images_that_it_was_not_trained_on(
    real_data: Path,
) -> None:
    root = real_data / "pbc_160"
    if not root.is_dir():
        pytest.skip("CELLCLF_REAL_DATA names no folder that holds pbc_160/")
    part = pd.read_csv(TEST_PART)
    classified = cellclf.load("cellclf-blood/blood_cells").classify(
        [root / name for name in part["sample_id"]]
    )
    assert not classified.unreadable
    assert not classified.trained
    table = classified.table.assign(label=part["label"].to_numpy())
    accuracy = accuracy_score(table["label"], table["top_class"])
    f1 = f1_score(table["label"], table["top_class"], average="macro")
    error = expected_calibration_error(true_classes(table), probabilities(table))
    sys.stdout.write(f"\naccuracy {accuracy:.4f}, macro F1 {f1:.4f}, calibration {error:.4f}\n")
    assert accuracy >= LEAST_ACCURACY
    assert f1 >= LEAST_F1
    assert error <= LARGEST_CALIBRATION_ERROR
