from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.other_laboratory import balanced, difference, half_of, surest


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    for name, number in (("monocyte", 20), ("neutrophil", 31), ("basophil", 3)):
        (tmp_path / name).mkdir()
        for i in range(number):
            (tmp_path / name / f"{i:02}.jpg").touch()
    return tmp_path


def test_the_halves_share_no_cell_and_leave_out_only_small_classes(cells: Path) -> None:
    choices, opened = half_of(cells, "choices"), half_of(cells, "opened")
    assert not set(choices) & set(opened)
    assert {file.parent.name for file in choices} == {"monocyte", "neutrophil"}
    assert (len(choices), len(opened)) == (10 + 16, 10 + 15)
    assert half_of(cells, "opened") == opened


def test_the_surest_are_as_many_for_every_model() -> None:
    ties = np.full(10, 0.9, np.float32)
    assert surest(ties, 0.7).tolist() == [True] * 7 + [False] * 3
    assert surest(np.linspace(0, 1, 10, dtype=np.float32), 0.7).sum() == 7


def test_balanced_accuracy_is_the_mean_of_recalls() -> None:
    labels = np.array(["a"] * 90 + ["b"] * 10)
    right = np.array([True] * 90 + [False] * 10)
    value, interval = balanced(right, labels)
    assert value == 0.5
    assert 0.4 < interval.low < 0.5 < interval.high < 0.7


def test_a_difference_is_of_the_cells_that_each_is_judged_on() -> None:
    labels = np.array(["a"] * 40 + ["b"] * 40)
    everything = np.ones(80, dtype=bool)
    right = np.tile([True, True, True, False], 20)
    other = np.tile([True, False], 40)
    value, interval = difference(right, everything, other, everything, labels)
    assert value == pytest.approx(0.25)
    assert interval.low < 0.25 < interval.high
    only_right, _ = difference(right, right, other, other, labels)
    assert only_right == pytest.approx(0.0)


def test_equal_answers_differ_by_nothing() -> None:
    labels = np.array(["a", "b"] * 20)
    everything = np.ones(40, dtype=bool)
    right = np.arange(40) % 3 > 0
    value, interval = difference(right, everything, right, everything, labels)
    assert (value, interval.low, interval.high) == (0, 0, 0)
