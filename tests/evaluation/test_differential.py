"""The differential count."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import multinomial_proportions_confint

from cellclf.errors import DataError
from cellclf.evaluation.differential import (
    Correction,
    Question,
    answer_column,
    cells_to_settle,
    corrections,
    count,
    simultaneous,
)
from cellclf.evaluation.proportions import clopper_pearson

CLASSES = ("a", "b", "c")
COUNTS = st.lists(st.integers(0, 200), min_size=3, max_size=3).filter(lambda cells: sum(cells) > 0)


def answers(cells, unidentified=0):
    named = [name for name, number in zip(CLASSES, cells, strict=True) for _ in range(number)]
    return named + ["unidentified"] * unidentified


@given(cells=COUNTS, unidentified=st.integers(0, 5))
def test_shares_sum_to_one_and_lie_in_their_intervals(cells, unidentified):
    table = count(answers(cells, unidentified), CLASSES)
    assert table["cells"].tolist() == cells
    assert table["share"].sum() == pytest.approx(1)
    for low, high in (("low", "high"), ("low_all", "high_all")):
        assert (table[low] >= 0).all()
        assert (table[high] <= 1).all()
        assert (table[low] <= table["share"] + 1e-12).all()
        assert (table["share"] <= table[high] + 1e-12).all()


@pytest.mark.parametrize("cells", [[60, 30, 10], [99, 1, 0], [5, 5, 5]])
def test_intervals_for_all_classes_together_are_those_of_statsmodels(cells):
    wanted = multinomial_proportions_confint(cells, alpha=0.05, method="goodman")
    np.testing.assert_allclose(simultaneous(cells), wanted, atol=1e-12)


def test_each_interval_of_its_own_is_exact():
    table = count(answers([60, 30, 10]), CLASSES)
    assert (table["low"][1], table["high"][1]) == clopper_pearson(30, 100)


def test_both_intervals_of_a_count_have_the_level_that_is_asked_for():
    table = count(answers([60, 30, 10]), CLASSES, level=0.8)
    exact = [stats.binomtest(n, 100).proportion_ci(0.8, "exact") for n in (60, 30, 10)]
    wanted = multinomial_proportions_confint([60, 30, 10], alpha=0.2, method="goodman")
    np.testing.assert_allclose(table[["low", "high"]], exact)
    np.testing.assert_allclose(table[["low_all", "high_all"]], wanted)
    assert table["class"].tolist() == [*CLASSES]


@settings(max_examples=40)
@given(cells=COUNTS, seed=st.integers(0, 1000))
def test_corrected_shares_are_never_negative_and_sum_to_one(cells, seed):
    confusion = np.random.default_rng(seed).integers(0, 50, (3, 3)) + 30 * np.eye(3, dtype=int)
    shares, low, high = Correction.of(confusion, draws=50).shares(cells)
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1, abs=1e-6)
    assert ((low <= shares) & (shares <= high)).all()


@given(cells=COUNTS, unidentified=st.integers(0, 5), order=st.permutations(range(3)))
def test_permuting_the_classes_permutes_every_row_of_a_count(cells, unidentified, order):
    given_answers = answers(cells, unidentified)
    table = count(given_answers, CLASSES)
    moved = count(given_answers[::-1], [CLASSES[place] for place in order])
    pd.testing.assert_frame_equal(moved, table.iloc[list(order)].reset_index(drop=True))


@settings(max_examples=20)
@given(cells=COUNTS, order=st.permutations(range(3)))
def test_permuting_the_classes_permutes_corrected_shares_and_their_intervals(cells, order):
    order = np.array(order)
    confusion = np.array([[80, 15, 5], [10, 85, 5], [2, 8, 90]])
    found = Correction.of(confusion, draws=400).shares(cells)
    moved = Correction.of(confusion[np.ix_(order, order)], draws=400).shares(np.array(cells)[order])
    np.testing.assert_allclose(moved[0], found[0][order], atol=1e-4)
    for limits, others in zip(moved[1:], found[1:], strict=True):
        # The draws are others: a limit of 400 of them is known to a share of its interval.
        width = (found[2] - found[1])[order]
        assert (np.abs(limits - others[order]) <= 0.02 + 0.25 * width).all()


@settings(max_examples=40)
@given(cells=COUNTS, refused=st.integers(0, 50), seed=st.integers(0, 1000))
def test_cells_that_were_refused_leave_shares_that_sum_to_one(cells, refused, seed):
    rng = np.random.default_rng(seed)
    confusion = np.c_[
        rng.integers(0, 50, (3, 3)) + 30 * np.eye(3, dtype=int), rng.integers(0, 9, 3)
    ]
    shares, low, high = Correction.of(confusion, draws=50).shares([*cells, refused])
    assert (low >= 0).all()
    assert (high <= 1 + 1e-12).all()
    assert shares.sum() == pytest.approx(1, abs=1e-6)
    assert ((low <= shares) & (shares <= high)).all()


@given(cells=COUNTS, times=st.integers(2, 4))
def test_more_cells_of_the_same_shares_give_narrower_intervals(cells, times):
    once, more = (count(answers(counts), CLASSES) for counts in (cells, np.multiply(cells, times)))
    for low, high in (("low", "high"), ("low_all", "high_all")):
        assert (more[high] - more[low] <= once[high] - once[low] + 1e-12).all()


def test_a_known_mixture_is_found_again():
    rows = np.array([[0.9, 0.08, 0.02], [0.1, 0.85, 0.05], [0.05, 0.05, 0.9]])
    truth = np.array([0.2, 0.7, 0.1])
    shares, _, _ = Correction.of(rows * 100_000, draws=2).shares(truth @ rows * 100_000)
    np.testing.assert_allclose(shares, truth, atol=0.005)


def test_where_the_shares_are_inside_they_solve_the_linear_equations():
    # Where no share is at a limit, the maximum of likelihood is what inverting the matrix gives.
    confusion = np.array([[180, 15, 5], [10, 185, 5], [2, 8, 190]])
    cells = np.array([120, 60, 40])
    rows = (confusion + 0.5) / (confusion + 0.5).sum(axis=1, keepdims=True)
    wanted = np.linalg.solve(rows.T, cells / cells.sum())
    shares, _, _ = Correction.of(confusion, draws=2).shares(cells)
    np.testing.assert_allclose(shares, wanted, atol=1e-4)


def test_classes_that_are_hardly_told_apart_are_solved_as_well():
    # Steps of expectation maximisation are too short to see here: they end at 0.70.
    confusion = np.array([[520, 480], [480, 520]])
    rows = (confusion + 0.5) / (confusion + 0.5).sum(axis=1, keepdims=True)
    wanted = np.linalg.solve(rows.T, [0.515, 0.485])
    shares, _, _ = Correction.of(confusion, draws=2).shares([515, 485])
    np.testing.assert_allclose(shares, wanted, atol=1e-6)
    assert shares[0] == pytest.approx(0.875, abs=0.001)


def test_what_does_not_fit_a_correction_is_refused():
    for wrong in (np.eye(4)[:2], np.eye(3)[:, :2], np.ones(3), np.ones((2, 2, 2))):
        with pytest.raises(DataError, match=f"{re.escape(f'Received: shape {wrong.shape}')}$"):
            Correction.of(wrong)
    with pytest.raises(DataError, match=r"each of 2 answers\. Received: shape \(3,\)"):
        Correction.of(np.eye(2)).shares([1, 2, 3])


def test_unidentified_cells_are_an_answer_of_their_own():
    # Class c is refused half of the time: the cells that are refused are mostly of it.
    confusion = np.array([[95, 0, 0, 5], [0, 95, 0, 5], [0, 0, 50, 50]])
    shares, _, _ = Correction.of(confusion, draws=2).shares([100, 100, 50, 60])
    assert shares[2] == pytest.approx(1 / 3, abs=0.02)


def test_what_is_of_no_class_moves_no_share():
    confusion = np.array([[180, 10, 10], [6, 192, 2]])
    clean, _, _ = Correction.of(confusion, draws=2).shares([95, 105, 6])
    littered, low, high = Correction.of(confusion, draws=200).shares([95, 105, 200])
    np.testing.assert_allclose(littered, clean, atol=0.01)
    assert ((low <= littered) & (littered <= high)).all()
    assert littered.sum() == pytest.approx(1)


@pytest.mark.parametrize("level", [0.95, 0.5])
def test_where_nothing_is_confused_limits_are_those_of_the_shares_drawn_anew(level):
    # Of cells that are all recognised the shares are Dirichlet, each of them beta.
    never = Correction.of(1e9 * np.eye(3), draws=20_000)
    shares, low, high = never.shares([60, 30, 10], level=level)
    np.testing.assert_allclose(shares, [0.6, 0.3, 0.1], atol=1e-6)
    parts = np.array([60, 30, 10]) + 0.5
    exact = stats.beta(parts, parts.sum() - parts)
    np.testing.assert_allclose(low, exact.ppf((1 - level) / 2), atol=0.003)
    np.testing.assert_allclose(high, exact.ppf((1 + level) / 2), atol=0.003)


def test_where_everything_was_counted_limits_come_from_the_confusion_alone():
    # Of so many cells, half have either answer: the share is where the two rows let it be.
    _, low, high = Correction.of([[90, 10], [0, 1e9]], draws=20_000).shares([5e8, 5e8])
    exact = stats.beta(90.5, 10.5)
    assert low[0] == pytest.approx(0.5 / exact.ppf(0.975), abs=0.003)
    assert high[0] == pytest.approx(0.5 / exact.ppf(0.025), abs=0.003)


def test_the_seed_decides_the_limits_and_nothing_else():
    one, same, other = (
        Correction.of([[80, 20], [10, 90]], draws=50, seed=seed).shares([70, 30])
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (one[0] == other[0]).all()
    assert (one[1] != other[1]).all()
    assert (one[2] != other[2]).all()


def test_a_specimen_of_nothing_but_unidentified_cells_has_no_shares():
    shares, low, high = Correction.of([[9, 0, 1], [1, 8, 1]]).shares([0, 0, 40])
    assert np.isnan([shares, low, high]).all()


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    rows = np.array([[0.9, 0.1], [0.15, 0.85]])
    truth, held = 0.3, 0
    for seed in range(200):
        confusion = np.stack([rng.multinomial(150, row) for row in rows])
        cells = rng.multinomial(200, np.array([truth, 1 - truth]) @ rows)
        _, low, high = Correction.of(confusion, draws=300, seed=seed).shares(cells)
        held += low[0] <= truth <= high[0]
    assert held / 200 >= 0.9


def test_the_interval_of_a_class_of_which_no_cell_was_counted_has_a_width():
    _, low, high = Correction.of(400 * np.eye(3)).shares([0, 60, 40])
    assert low[0] == pytest.approx(0, abs=1e-3)
    # About what the exact interval of a raw share says: 3.6 %.
    assert 0.005 < high[0] < 0.04


def test_intervals_of_a_rare_class_hold_it_too():
    rng = np.random.default_rng(1)
    rows = np.full((4, 4), 0.01) + 0.96 * np.eye(4)
    truth, held = np.array([0.7, 0.24, 0.05, 0.01]), 0
    for seed in range(100):
        confusion = np.stack([rng.multinomial(60, row / row.sum()) for row in rows])
        cells = rng.multinomial(100, truth @ rows / (truth @ rows).sum())
        _, low, high = Correction.of(confusion, draws=200, seed=seed).shares(cells)
        held += low[3] <= truth[3] <= high[3]
    assert held / 100 >= 0.88


@pytest.mark.parametrize(("hits", "cells"), [(7, 100), (3, 100), (0, 40)])
def test_as_many_cells_as_are_asked_for_settle_the_question(hits, cells):
    more = cells_to_settle(hits, cells, 0.05)
    assert more is not None
    number = cells + more
    low, high = clopper_pearson(hits / cells * number, number)
    assert low > 0.05 or high < 0.05
    if more:
        low, high = clopper_pearson(hits / cells * (number - 1), number - 1)
        assert low <= 0.05 <= high


def test_what_is_settled_needs_no_more_and_what_is_equal_is_never_settled():
    assert cells_to_settle(50, 100, 0.05) == 0
    assert cells_to_settle(5, 100, 0.05) is None
    assert cells_to_settle(0, 0, 0.05) is None


def test_a_question_that_takes_more_than_a_million_cells_is_left_open():
    # The nearer the share that was seen, the more cells; the square of its distance counts.
    near, nearer = cells_to_settle(2522, 50_000, 0.05), cells_to_settle(2521, 50_000, 0.05)
    assert near + 50_000 == pytest.approx((1.96 / 0.00044) ** 2 * 0.05 * 0.95, rel=0.01)
    assert nearer is None


def test_a_question_that_is_asked_less_surely_takes_fewer_cells():
    more = cells_to_settle(7, 100, 0.05, level=0.8)
    assert more is not None
    assert stats.binomtest(round(0.07 * (100 + more)), 100 + more).proportion_ci(
        0.8, "exact"
    ).low == pytest.approx(0.05, abs=0.002)
    assert more < cells_to_settle(7, 100, 0.05)


def test_a_reviewers_corrections_count():
    table = pd.DataFrame(
        {"predicted": ["a", "b", "unidentified"], "corrected": ["", " c ", np.nan]}
    )
    assert answer_column(table).tolist() == ["a", "c", "unidentified"]
    assert answer_column(table[["predicted"]]).tolist() == ["a", "b", "unidentified"]
    rows = table.set_axis([7, 8, 9])
    assert corrections(rows).to_dict() == {7: "", 8: "c", 9: ""}
    assert corrections(rows[["predicted"]]).to_dict() == {7: "", 8: "", 9: ""}
    assert answer_column(rows).to_dict() == {7: "a", 8: "c", 9: "unidentified"}
    assert corrections(table.assign(corrected=[1, 2, 3])).tolist() == ["1", "2", "3"]


def test_what_is_no_class_is_refused():
    with pytest.raises(DataError, match=r"a, b, c, or 'unidentified'\. Received: 'd'\.$"):
        count(["a", "d"], CLASSES)
    with pytest.raises(DataError, match=r"'1', '2', '3', '4', '5' and 1 more\.$"):
        count([*"654321", "a"], CLASSES)
    with pytest.raises(DataError, match=r"Received: 'rond'\. Did you mean 'round'\?$"):
        count(["rond"], ["round", "long"])
    for wrong in ("eosinophil", "> 5 %", "a > much", "a > 120 %", "a > 100 %", "a > 0 %"):
        with pytest.raises(DataError, match=f"^a question must look like .* Received: '{wrong}'$"):
            Question.parsed(wrong)


def test_a_question_is_read_however_it_is_spaced_and_whatever_the_class_is_called():
    assert Question.parsed("blast>0.5%") == Question(class_name="blast", share=0.005)
    assert Question.parsed(" a > b > 99 ") == Question(class_name="a > b", share=0.99)


def test_without_cells_there_are_no_shares():
    table = count(["unidentified"], CLASSES)
    assert table[["share", "low", "low_all"]].isna().all(axis=None)
    assert np.isnan(Correction.of([[9, 1], [1, 9]]).shares([0, 0])[0]).all()


def test_a_share_that_is_corrected_to_nothing_is_nothing() -> None:
    shares, low, _ = Correction.of([[900, 100], [0, 1000]]).shares([990, 10])
    assert shares[1] == low[1] == 0.0
