"""Sets that hold the true class as often as they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cellclf.evaluation.conformal import ConformalSets, coverage_band


def cells(n, seed):
    rng = np.random.default_rng(seed)
    prob = rng.dirichlet(np.ones(3), n)
    return (rng.random((n, 1)) > prob.cumsum(axis=1)).sum(axis=1).clip(max=2), prob


def test_every_class_is_covered_as_often_as_promised():
    held = np.zeros(3)
    repeats = 300
    for seed in range(repeats):
        true, prob = cells(300, seed)
        fresh, fresh_prob = cells(300, seed + 10_000)
        covered = ConformalSets.fitted(true, prob, coverage=0.9).covered(fresh, fresh_prob)
        held += [covered[fresh == number].mean() for number in range(3)]
    assert (held / repeats >= 0.89).all()
    assert (held / repeats <= 0.93).all()


def test_a_class_with_too_few_samples_is_in_every_set():
    true, prob = cells(300, 0)
    few = np.concatenate([np.flatnonzero(true != 2), np.flatnonzero(true == 2)[:18]])
    found = ConformalSets.fitted(true[few], prob[few], coverage=0.95)
    assert found.thresholds[2] == 0
    assert found.sets(prob)[:, 2].all()
    assert found.thresholds[0] > 0
    assert found.coverage == 0.95
    assert found.samples.tolist() == np.bincount(true[few]).tolist()


def test_nineteen_samples_are_enough_for_ninety_five_per_cent():
    prob = np.linspace(0.05, 0.95, 19)
    table = np.stack([prob, 1 - prob], axis=1)
    assert ConformalSets.fitted(np.zeros(19, int), table).thresholds[0] == pytest.approx(0.05)
    assert ConformalSets.fitted(np.zeros(18, int), table[1:]).thresholds[0] == 0


@given(n=st.integers(20, 400), m=st.integers(1, 400))
def test_the_band_is_that_of_the_beta_binomial_distribution(n, m):
    low, high = coverage_band(n, m, coverage=0.9, level=0.99)
    below = int((n + 1) * 0.1 + 1e-9)
    law = stats.betabinom(m, n + 1 - below, below)
    assert law.cdf(low - 1) <= 0.005 + 1e-9
    assert law.sf(high) <= 0.005 + 1e-9
    # And it is no wider than that takes.
    assert law.cdf(low) > 0.005 - 1e-9
    assert law.sf(high - 1) > 0.005 - 1e-9


def test_where_every_set_holds_the_class_all_new_samples_are_covered():
    assert coverage_band(18, 7) == (7, 7)
    assert coverage_band(8, 5, coverage=0.9) == (5, 5)


@given(n=st.integers(10, 200), tenths=st.integers(5, 9))
def test_of_the_samples_it_was_fitted_to_as_many_are_left_out_as_may_be(n, tenths):
    true = np.zeros(n, int)
    prob = np.random.default_rng(n).permutation(n)[:, None] / n * [1, -1] + [0, 1]
    covered = ConformalSets.fitted(true, prob, coverage=tenths / 10).covered(true, prob)
    # The r-th smallest is the threshold, r the whole part of (n + 1) (1 - coverage).
    assert (~covered).sum() == max((n + 1) * (10 - tenths) // 10 - 1, 0)


def test_the_number_covered_lies_in_the_band():
    inside = 0
    for seed in range(200):
        true, prob = cells(600, seed)
        fresh, fresh_prob = cells(600, seed + 10_000)
        covered = ConformalSets.fitted(true, prob).covered(fresh, fresh_prob)[fresh == 0].sum()
        low, high = coverage_band(int((true == 0).sum()), int((fresh == 0).sum()), level=0.99)
        inside += low <= covered <= high
    assert inside >= 190
