"""What a report says first: how good the chosen model is, and whether that is enough."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cellclf.evaluation.gates import Held
from tests.reporting.pages import model, page


def test_the_verdict_is_the_first_thing_said_under_the_first_heading(tmp_path: Path) -> None:
    text = page(tmp_path).text
    assert "Verdict small classified 141 of 144 test cells correctly: 97.9 %." in text
    assert "It is weakest for round: it found 47 of 48 cells, 97.9 %." in text
    assert "Most often long was taken for round, 2 times." in text


def test_the_verdict_has_intervals_of_the_whole_and_of_the_weakest_class(tmp_path: Path) -> None:
    intervals = {("accuracy", ""): (0.94, 0.996), ("recall", "round"): (0.889, 0.999)}
    text = page(tmp_path, models=(replace(model(), intervals=intervals),)).text
    assert "correctly: 97.9 % (95 % interval 94.0 to 99.6 %)." in text
    assert "it found 47 of 48 cells, 97.9 % (88.9 to 99.9 %)." in text


def test_a_verdict_without_mistakes_says_what_may_still_be(tmp_path: Path) -> None:
    intervals = {("recall", "round"): (0.926, 1.0), ("recall", "long"): (0.962, 1.0)}
    perfect = replace(model(counts=((48, 0), (0, 96))), intervals=intervals)
    text = page(tmp_path, models=(perfect,)).text
    assert "No mistake was seen; even so, its sensitivity for round could be as low as 92.6 %." in (
        text
    )


@pytest.mark.parametrize(
    ("lows", "said"),
    [
        ({"round": 0.8152, "long": 0.8149}, "for each class could"),
        ({"round": 0.7}, "for round could"),
    ],
)
def test_a_verdict_names_no_class_that_is_as_well_known_as_others(
    tmp_path: Path, lows: dict[str, float], said: str
) -> None:
    intervals = {("recall", name): (low, 1.0) for name, low in lows.items()}
    perfect = replace(model(counts=((48, 0), (0, 96))), intervals=intervals)
    assert f"its sensitivity {said} be as low as" in page(tmp_path, models=(perfect,)).text


def test_the_verdict_counts_the_quality_gates_and_each_is_listed(tmp_path: Path) -> None:
    gates = [
        Held(gate="accuracy >= 0.9", passed=True, reason="accuracy >= 0.9: reached."),
        Held(gate="f1 >= 0.99", passed=False, reason="f1 >= 0.99: not reached."),
    ]
    text = page(tmp_path, gates=gates).text
    assert "It does not reach 1 of its 2 quality gates." in text
    assert "reached accuracy >= 0.9: reached. not reached f1 >= 0.99: not reached." in text
    assert "It reaches its quality gate." in page(tmp_path, gates=gates[:1]).text
    assert "It reaches all of its 2 quality gates." in page(tmp_path, gates=gates[:1] * 2).text
    assert "quality gate" not in page(tmp_path).text


def test_a_model_without_mistakes_has_no_hardest_class(tmp_path: Path) -> None:
    text = page(tmp_path, models=(model(counts=((48, 0), (0, 96))),)).text
    assert "small classified 144 of 144 test cells correctly: 100.0 %." in text
    assert "It is weakest" not in text
