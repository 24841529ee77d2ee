"""Intervals of shares, against SciPy, statsmodels' published example and what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cellclf.evaluation.proportions import clopper_pearson, effective_number, share


@pytest.mark.parametrize("number", [1, 7, 30, 400])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_exact_interval_equals_scipys(number, level):
    for hits in {0, 1, number // 3, number - 1, number}:
        wanted = stats.binomtest(hits, number).proportion_ci(level, "exact")
        assert clopper_pearson(hits, number, level=level) == pytest.approx(tuple(wanted), abs=1e-9)


def test_independent_samples_have_the_exact_interval():
    hits = np.arange(50) < 41
    wanted = stats.binomtest(41, 50).proportion_ci(0.95, "exact")
    found = share(hits, np.arange(50))
    assert (found.low, found.high) == pytest.approx(tuple(wanted))
    assert found.method == "Clopper-Pearson"


def test_the_effective_number_is_that_of_the_variance_of_a_ratio_between_units():
    # Cochran (1977), section 3.12: the variance of a proportion in cluster sampling.
    rng = np.random.default_rng(0)
    units = np.repeat(np.arange(40), rng.integers(1, 8, 40))
    hits = rng.random(len(units)) < rng.beta(4, 1, 40)[units]
    sizes = np.bincount(units)
    found = np.bincount(units, weights=hits)
    portion = hits.mean()
    variance = np.sum((found - portion * sizes) ** 2) / 39 / 40 / sizes.mean() ** 2
    shrunk = (stats.t.ppf(0.975, len(hits) - 1) / stats.t.ppf(0.975, 39)) ** 2
    # As many units hold a miss as are needed for the variance to be believed.
    assert (found < sizes).sum() >= 10
    wanted = portion * (1 - portion) / variance * shrunk
    assert effective_number(hits, units) == pytest.approx(wanted)


def test_where_few_units_hold_a_miss_the_number_is_moved_towards_that_of_the_units():
    units = np.arange(600) // 30
    hits = ~np.isin(np.arange(600), [30 * unit + miss for unit in range(5) for miss in (0, 1)])
    portions = hits.reshape(20, 30).mean(axis=1)
    plain = hits.mean() * (1 - hits.mean()) / (portions.var(ddof=1) / 20)
    assert 20 < plain < 600
    moved = 20 * (plain / 20) ** (5 / 10)  # five units of the ten that are needed
    for level in (0.9, 0.95):
        tail = (1 + level) / 2
        shrunk = (stats.t.ppf(tail, 599) / stats.t.ppf(tail, 19)) ** 2
        for told in (hits, ~hits):  # few units with a hit are no better
            assert effective_number(told, units, level=level) == pytest.approx(moved * shrunk)


def test_an_interval_is_of_the_level_that_is_asked_for():
    hits = np.arange(60) % 3 > 0
    alone = share(hits, np.arange(60), level=0.9)
    assert (alone.low, alone.high) == pytest.approx(clopper_pearson(40, 60, level=0.9))
    units = np.arange(60) // 4
    number = effective_number(hits, units, level=0.9)
    grouped = share(hits, units, level=0.9)
    expected = clopper_pearson(number * 2 / 3, number, level=0.9)
    assert (grouped.low, grouped.high) == pytest.approx(expected)


def test_units_of_one_size_that_agree_in_themselves_count_once_each():
    hits = np.repeat(np.arange(50) < 40, 6)
    grouped = share(hits, np.arange(300) // 6)
    alone = share(hits[::6], np.arange(50))
    assert grouped.low == pytest.approx(alone.low, abs=0.01)
    assert grouped.high == pytest.approx(alone.high, abs=0.01)
    assert grouped.method == "Korn-Graubard"


def test_all_hits_in_few_units_are_no_better_than_that_many_samples():
    found = share(np.ones(600, bool), np.arange(600) // 30)
    assert found.high == 1
    assert found.low < share(np.ones(20, bool), np.arange(20)).low + 1e-9


def test_fewer_than_ten_groups_say_how_many_and_nothing_else():
    found = share(np.arange(90) < 80, np.arange(90) // 10)
    assert np.isnan(found.low)
    assert np.isnan(found.high)
    assert found.method == "not estimable: 9 units"


def test_without_samples_there_is_no_interval():
    assert share(np.zeros(0, bool), np.zeros(0, np.intp)).method == "not estimable: no sample"


CLUSTERS = st.lists(st.lists(st.booleans(), min_size=1, max_size=6), min_size=10, max_size=40)


@given(clusters=CLUSTERS)
def test_an_interval_holds_the_share_and_stays_within_zero_and_one(clusters):
    hits = np.array([hit for cluster in clusters for hit in cluster])
    units = np.repeat(np.arange(len(clusters)), [len(cluster) for cluster in clusters])
    found = share(hits, units)
    assert 0 <= found.low <= hits.mean() <= found.high <= 1


@given(clusters=CLUSTERS.filter(lambda clusters: max(map(len, clusters)) > 1))
def test_samples_written_twice_do_not_narrow_a_grouped_interval(clusters):
    hits = np.array([hit for cluster in clusters for hit in cluster])
    units = np.repeat(np.arange(len(clusters)), [len(cluster) for cluster in clusters])
    once = share(hits, units)
    twice = share(np.tile(hits, 2), np.tile(units, 2), copies=np.tile(np.arange(len(hits)), 2))
    assert twice.high - twice.low >= once.high - once.low - 1e-9


def test_samples_never_tell_more_than_as_many_independent_ones():
    hits = np.array([True, False] * 20)
    hits[1] = True  # units that are all half right but one: they vary less than by chance
    assert effective_number(hits, np.arange(40) // 2) <= 40


def test_one_more_miss_does_not_make_an_interval_much_narrower():
    units = np.arange(600) // 30
    lows = [share(np.arange(600) >= misses, units).low for misses in range(12)]
    assert lows[0] == pytest.approx(share(np.ones(20, bool), np.arange(20)).low, abs=0.03)
    assert max(np.diff(lows)) < 0.06


@pytest.mark.parametrize("portion", [0.5, 0.9, 0.98])
@pytest.mark.parametrize(("groups", "members"), [(20, 5), (60, 3), (20, 30)])
def test_a_grouped_interval_holds_the_truth_about_as_often_as_it_says(portion, groups, members):
    rng = np.random.default_rng(0)
    units = np.arange(groups * members) // members
    draws = 300
    held = 0
    for _ in range(draws):
        of_unit = rng.beta(4 * portion, 4 * (1 - portion), groups)
        found = share(rng.random(len(units)) < of_unit[units], units)
        held += found.low <= portion <= found.high
    assert held / draws >= 0.92  # 0.95, less what 300 draws may fall short by chance
