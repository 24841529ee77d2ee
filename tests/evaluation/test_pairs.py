"""Two models on the same samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from cellclf.evaluation.pairs import holm, images_needed, paired


def models(both: int, first_only: int, second_only: int, neither: int):
    counts = [both, first_only, second_only, neither]
    first = np.repeat([True, True, False, False], counts)
    return first, np.repeat([True, False, True, False], counts)


@pytest.mark.parametrize("counts", [(80, 9, 3, 8), (50, 0, 6, 4), (10, 4, 4, 2), (10, 0, 0, 5)])
def test_independent_samples_are_compared_by_mcnemars_exact_test(counts):
    first, second = models(*counts)
    found = paired(first, second, np.arange(len(first)))
    table = [[counts[0], counts[1]], [counts[2], counts[3]]]
    differing = counts[1] + counts[2]
    wanted = mcnemar(table, exact=True).pvalue if differing else 1.0
    assert found.p_value == pytest.approx(wanted)
    assert found.difference == pytest.approx(first.mean() - second.mean())
    assert (found.first_only, found.second_only) == (counts[1], counts[2])
    assert found.interval.low <= found.difference <= found.interval.high


def test_the_interval_is_the_published_one():
    # Bonett and Price, "Adjusted Wald confidence interval for a difference of binomial proportions
    # based on paired data", 2012, equation 4, worked by hand: 2 + 1 and 9 + 1 of 100 + 2.
    first, second = models(60, 9, 2, 29)
    found = paired(first, second, np.arange(100)).interval
    middle, error = 7 / 102, np.sqrt((13 / 102 - (7 / 102) ** 2) / 102)
    wanted = (middle - 1.959964 * error, middle + 1.959964 * error)
    assert (found.low, found.high) == pytest.approx(wanted, abs=1e-6)


def test_flipping_signs_of_single_samples_is_mcnemars_test():
    first, second = models(20, 9, 3, 8)
    # One unit of two samples that do not differ: no longer a set of independent samples.
    units = np.arange(len(first))
    units[1] = units[0]
    found = paired(first, second, units)
    assert found.test == "sign flips over units"
    assert found.p_value == pytest.approx(stats.binomtest(9, 12).pvalue)


def test_all_assignments_of_signs_count_as_scipys_permutation_test_counts_them():
    rng = np.random.default_rng(1)
    units = np.arange(36) // 3
    first, second = rng.random(36) < 0.9, rng.random(36) < 0.6
    found = paired(first, second, units)
    sums = np.bincount(units, weights=first.astype(float) - second)
    wanted = stats.permutation_test(
        (sums, np.zeros(12)),
        lambda a, b, axis: (a - b).sum(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    )
    assert found.p_value == pytest.approx(wanted.pvalue)


def test_samples_written_twice_tell_no_more_than_once():
    first, second = models(60, 9, 2, 29)
    units = np.arange(100) // 2
    once = paired(first, second, units)
    twice = paired(np.tile(first, 2), np.tile(second, 2), np.tile(units, 2))
    assert twice.interval == once.interval
    assert twice.p_value == once.p_value


def test_models_that_agree_everywhere_may_still_differ_on_other_samples():
    right = np.ones(600, bool)
    found = paired(right, right, np.arange(600) // 30).interval
    assert found.low < 0 < found.high
    assert found.high - found.low > 0.01


def test_a_number_of_images_is_never_below_that_which_was_not_enough():
    found = paired(*models(935, 45, 20, 0), np.arange(1000))
    assert images_needed(found, risk=0.05 / 45) > 1000
    assert images_needed(found, risk=0.9) == 1001


def test_a_difference_within_few_groups_has_no_interval():
    first, second = models(60, 9, 2, 29)
    assert paired(first, second, np.arange(100) // 20).interval.method.startswith("not estimable")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holms_adjustment_is_that_of_statsmodels(p_values):
    wanted = multipletests(p_values, method="holm")[1]
    np.testing.assert_allclose(holm(p_values), wanted, atol=1e-12)


def test_as_many_images_as_are_asked_for_tell_the_models_apart_as_often_as_said():
    found = paired(*models(800, 60, 35, 105), np.arange(1000))
    assert images_needed(found, risk=0.001) > images_needed(found)
    needed = images_needed(found)
    assert needed is not None
    rng = np.random.default_rng(0)
    shares = [0.8, 0.06, 0.035, 0.105]
    told = [
        stats.binomtest(int(one), int(one + other)).pvalue < 0.05
        for _, one, other, _ in rng.multinomial(needed, shares, size=800)
    ]
    assert 0.72 <= np.mean(told) <= 0.88


def test_models_that_do_not_differ_need_no_number():
    assert images_needed(paired(*models(10, 3, 3, 2), np.arange(18))) is None


@pytest.mark.parametrize("differing", [True, False])
def test_the_interval_between_units_is_that_of_a_ratio_with_two_units_added(differing):
    rng = np.random.default_rng(2)
    units = rng.permutation(np.repeat(np.arange(30) * 7, rng.integers(1, 6, 30)))
    first = rng.random(len(units)) < 0.9
    second = rng.random(len(units)) < 0.7 if differing else first.copy()
    found = paired(first, second, units, level=0.9)
    totals, sizes = [], []
    for unit in np.unique(units):
        members = units == unit
        totals.append(int(first[members].sum()) - int(second[members].sum()))
        sizes.append(int(members.sum()))
    typical = np.mean([abs(total) for total in totals if total]) if differing else np.mean(sizes)
    totals += [typical, -typical]
    sizes += [np.mean(sizes)] * 2
    # Cochran (1977), section 2.11: the variance of a ratio of totals between units.
    ratio = np.sum(totals) / np.sum(sizes)
    residuals = np.array(totals) - ratio * np.array(sizes)
    error = np.sqrt(32 / 31 * np.sum(residuals**2)) / np.sum(sizes)
    reach = stats.t.ppf(0.95, 29) * error
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (ratio - reach, ratio + reach)
    )
    assert found.interval.method == "Student's t over units"
    assert found.error == pytest.approx(error)
    assert found.samples == len(units)


def test_the_interval_of_independent_samples_has_the_level_that_is_asked_for():
    first, second = models(60, 9, 2, 29)
    found = paired(first, second, np.arange(100)[::-1], level=0.8)
    error = np.sqrt((13 / 102 - (7 / 102) ** 2) / 102)
    wanted = (7 / 102 - 1.281552 * error, 7 / 102 + 1.281552 * error)
    assert (found.interval.low, found.interval.high) == pytest.approx(wanted, abs=1e-6)
    assert found.interval.method == "Bonett-Price"
    assert found.error == pytest.approx(error)


def test_an_interval_ends_where_no_difference_can_lie():
    first = np.ones(3, bool)
    found = paired(first, ~first, np.arange(3), level=0.999).interval
    assert found.high == 1
    assert paired(~first, first, np.arange(3), level=0.999).interval.low == -1


@pytest.mark.parametrize(("groups", "estimable"), [(9, False), (10, True)])
def test_ten_units_are_the_fewest_for_an_interval(groups, estimable):
    first, second = models(60, 9, 2, 19)
    found = paired(first, second, np.arange(90) % groups)
    assert np.isfinite(found.interval.low) == estimable
    assert (found.interval.method == f"not estimable: {groups} units") != estimable
    assert found.error > 0


def test_how_many_images_are_needed_follows_from_the_error_and_the_difference():
    found = paired(*models(800, 60, 35, 105), np.arange(1000))
    for risk, power, one, other in [
        (0.05, 0.8, 1.959964, 0.841621),
        (0.01, 0.9, 2.575829, 1.281552),
    ]:
        wanted = 1000 * ((one + other) * found.error / 0.025) ** 2
        needed = images_needed(found, risk=risk, power=power)
        assert needed == pytest.approx(wanted, abs=1.1)
        assert needed >= wanted
    assert images_needed(found) == images_needed(found, risk=0.05, power=0.8)


def test_no_p_values_are_adjusted_to_none_and_equal_ones_alike():
    assert holm([]).tolist() == []
    assert holm([0.02, 0.02, 0.9]).tolist() == pytest.approx([0.06, 0.06, 0.9])
