"""What a report says of each model: its figures, its limits, its mistakes and its maps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from cellclf.reporting.report import Exhibit
from tests.reporting.pages import DOT, model, one_cell, page


def test_a_model_that_was_not_calibrated_is_called_so(tmp_path: Path) -> None:
    assert "not calibrated" in page(tmp_path, calibrated=False).text
    sure = replace(model(), calibration=("Calibrated.",), refusals=("Review: none.",))
    text = page(tmp_path, calibrated=True, models=(sure,)).text
    assert "ot calibrated" not in text
    assert "How sure it is Calibrated." in text
    assert "What it refuses Review: none." in text


def test_the_chosen_model_is_marked_and_its_choice_explained(tmp_path: Path) -> None:
    comparison = pd.DataFrame(
        {"validation_accuracy": [0.95, 0.9712], "accuracy": [0.99, 141 / 144]},
        index=["large", "small"],
    )
    text = page(
        tmp_path,
        comparison=comparison,
        models=(model("large"), model("small")),
        reason="small was chosen: its accuracy on validation is the highest.",
    ).text
    assert "small was chosen: its accuracy on validation is the highest." in text
    assert "Figure small chosen large Validation Accuracy 97.1 % 95.0 %" in text
    assert "Test Accuracy 97.9 % 99.0 %" in text
    assert text.index("What it refuses") < text.index("large: 141 of 144 test cells right, 97.9 %")


def test_the_tables_hold_the_numbers_as_given(tmp_path: Path) -> None:
    text = page(tmp_path).text
    assert "round 95.9 % 97.9 % 48 long (1)" in text
    assert "long 99.0 % – 96 round (2)" in text
    assert "round 300 48 348 long 600 96 696 All 900 144 1,044" in text
    assert "Figure small Validation Accuracy 97.1 % Training Time 1 min 15 s" in text
    assert "long round 2 2.1 % round long 1 2.1 %" in text
    assert "round, has 48 cells: one cell more or less moves its sensitivity by 2.1 points" in text


def test_what_is_refused_has_a_place_for_pictures_with_headings_of_their_own(
    tmp_path: Path,
) -> None:
    exhibits = (
        Exhibit(picture=DOT, shows="a curve", caption="read it so", wide=False),
        Exhibit(heading="For review", picture=DOT, shows="the cells to be reviewed"),
    )
    coverage = pd.DataFrame(
        {"covered": [0.9375], "samples": [48], "low": [0.854], "high": [1.0]}, index=["round"]
    )
    refusing = replace(model(), refusals=("Some.",), refused=exhibits, coverage=coverage)
    shown = page(tmp_path, models=(refusing,))
    assert "What it refuses Some. read it so For review" in shown.text
    assert "round 93.8 % 85.4 to 100.0 % 48" in shown.text
    alts = [image["alt"] for image in shown.attributes("img")]
    assert {"a curve", "the cells to be reviewed"} <= set(alts)


def test_what_refusal_costs_each_class_is_shown_and_changes_what_is_said_of_limits(
    tmp_path: Path,
) -> None:
    cost = pd.DataFrame(
        {
            "refused": [0.0417, 0.0],
            "samples": [48.0, 96.0],
            "low": [0.005, 0.0],
            "high": [0.143, np.nan],
        },
        index=["round", "long"],
    )
    text = page(tmp_path, models=(replace(model(), refusals=("R.",), unidentified=cost),)).text
    assert "round 4.2 % 0.5 to 14.3 % 48 long 0.0 %" in text
    assert "is called unidentified" in text
    assert "also an image that shows none of them" not in text
    assert "also an image that shows none of them" in page(tmp_path).text


def test_maps_beside_cells_are_named_and_their_reading_is_explained(tmp_path: Path) -> None:
    shown = page(tmp_path)
    alts = [str(image["alt"]) for image in shown.attributes("img")]
    assert alts.count("cell of cells/7.png") == alts.count("Grad-CAM of cells/7.png") == 3
    assert shown.text.count("true: round predicted: long confidence 51.4 % cells/7.png") == 3
    assert shown.text.count("by gradients (Grad-CAM); yellow where most of it did") == 2
    assert "Not shown beside these cells: occlusion, because of something." in shown.text


def test_without_maps_nothing_is_said_of_them(tmp_path: Path) -> None:
    alone = (one_cell(("cell",)),)
    plain = replace(model(), mistakes=alone, review=alone, maps={}, without_maps="")
    shown = page(tmp_path, models=(plain,))
    assert not any("Grad-CAM" in str(image["alt"]) for image in shown.attributes("img"))
    assert "score of the predicted class" not in shown.text
    assert "Not shown" not in shown.text
