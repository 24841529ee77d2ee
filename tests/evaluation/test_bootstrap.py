"""Intervals from resampled units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from sklearn.metrics import accuracy_score, recall_score

from cellclf.builtin import metrics
from cellclf.evaluation.bootstrap import interval, of_mean, redrawn, standard_error, unit_counts
from cellclf.evaluation.metric import Metric
from cellclf.evaluation.proportions import Interval, share

CLASSES = ("a", "b")
ACCURACY = Metric(name="accuracy", compute=metrics.accuracy, batched=True)


def predictions(n=60, seed=0):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 2, n)
    of_true = np.clip(rng.normal(0.7, 0.25, n), 0.01, 0.99)
    prob = np.where(np.arange(2) == true[:, None], of_true[:, None], 1 - of_true[:, None])
    return true, prob.astype(np.float32)


def test_every_resample_draws_as_many_units_as_there_are():
    counts = np.concatenate([*unit_counts(7, resamples=120, seed=1)])
    assert counts.shape == (120, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(7), abs=0.3)


def test_the_seed_decides_every_draw():
    one, same, other = (
        np.concatenate([*unit_counts(9, resamples=60, seed=seed, together=together)])
        for seed, together in ((1, 50), (1, 7), (2, 50))
    )
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize("by_top_class", [False, True])
def test_every_figure_of_every_resample_is_that_of_scikit_learn(by_top_class):
    true, prob = predictions(n=2000, seed=4)
    units = np.arange(2000) // 3
    recall = Metric(name="recall", compute=metrics.recall, batched=True, by_top_class=by_top_class)
    draws = redrawn([ACCURACY, recall], true, prob, CLASSES, units, resamples=1201, seed=5)
    counts = np.concatenate([*unit_counts(667, resamples=1201, seed=5)])
    told = prob.argmax(axis=1)
    assert {len(figure) for figure in draws.values()} == {1201}
    for row in (0, 1, 600, 1200):
        weight = counts[row][units]
        wanted = recall_score(true, told, sample_weight=weight, average=None)
        assert draws["accuracy", ""][row] == pytest.approx(
            accuracy_score(true, told, sample_weight=weight)
        )
        found = [draws["recall", of][row] for of in (*CLASSES, "macro")]
        assert found == pytest.approx([*wanted, wanted.mean()])


def test_the_standard_error_of_a_mean_is_the_usual_one():
    values = np.random.default_rng(0).normal(size=12)
    counts = np.concatenate([*unit_counts(12, resamples=40_000, together=4000)])
    draws = counts @ values / 12
    assert standard_error(draws, 12) == pytest.approx(stats.sem(values), rel=0.02)
    assert standard_error(draws[:2], 10) == pytest.approx(stats.sem([*draws[:2]] * 5) * 10**0.5)
    assert standard_error(np.append(draws, [np.nan, np.inf]), 12) == standard_error(draws, 12)
    assert standard_error(draws, 9) == standard_error(np.full(5, np.nan), 12) == 0


def test_the_standard_error_of_a_share_is_the_binomial_one():
    true, prob = predictions(n=200)
    draws = redrawn([ACCURACY], true, prob, CLASSES, np.arange(200), resamples=2000)
    portion = metrics.accuracy(true, prob, classes=CLASSES)
    wanted = np.sqrt(portion * (1 - portion) / 200)
    assert draws["accuracy", ""].std() == pytest.approx(wanted, rel=0.06)


def test_the_standard_error_of_an_area_under_the_curve_is_delongs():
    true, prob = predictions(n=300)
    metric = Metric(name="roc_auc", compute=metrics.roc_auc, batched=True)
    draws = redrawn([metric], true, prob, CLASSES, np.arange(300), resamples=2000)
    score = prob[:, 1]
    positive, negative = score[true == 1], score[true == 0]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    # DeLong, DeLong and Clarke-Pearson, 1988.
    variance = wins.mean(axis=1).var(ddof=1) / len(positive)
    variance += wins.mean(axis=0).var(ddof=1) / len(negative)
    assert draws["roc_auc", "b"].std() == pytest.approx(np.sqrt(variance), rel=0.08)


def test_units_are_drawn_whole():
    true, prob = predictions(n=40)
    doubled = redrawn(
        [ACCURACY], np.tile(true, 2), np.tile(prob, (2, 1)), CLASSES, np.tile(np.arange(40), 2)
    )
    single = redrawn([ACCURACY], true, prob, CLASSES, np.arange(40))
    np.testing.assert_allclose(doubled["accuracy", ""], single["accuracy", ""])


def test_a_metric_that_takes_one_weighting_at_a_time_gives_the_same():
    true, prob = predictions()
    slow = Metric(name="accuracy", compute=metrics.accuracy, batched=False)
    asked = (true, prob, CLASSES, np.arange(60))
    together = redrawn([ACCURACY], *asked, resamples=70)["accuracy", ""]
    np.testing.assert_allclose(together, redrawn([slow], *asked, resamples=70)["accuracy", ""])


@given(
    value=st.floats(0.001, 0.999),
    error=st.floats(1e-6, 0.3),
    units=st.integers(10, 500),
)
def test_an_interval_holds_the_figure_and_stays_within_its_limits(value, error, units):
    draws = np.array([value - error, value + error])
    for limits in ((0.0, 1.0), (0.0, None), (None, 1.0), (None, None)):
        found = interval(value, draws, units=units, limits=limits)
        assert found.low <= value <= found.high
        assert limits[0] is None or found.low >= limits[0]
        assert limits[1] is None or found.high <= limits[1]


SCALES = {
    (None, None): lambda value: value,
    (0.25, None): lambda value: np.log(value - 0.25),
    (None, 2.0): lambda value: -np.log(2.0 - value),
    (0.0, 1.0): lambda value: np.log(value / (1 - value)),
    (-1.0, 2.0): lambda value: np.log((value + 1) / (2 - value)),
}


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("limits", SCALES)
def test_an_interval_is_students_on_the_scale_without_limits(limits, level):
    draws = np.random.default_rng(1).normal(0.7, 0.04, 400)
    scale = SCALES[limits]
    slope = optimize.approx_fprime([0.7], lambda at: scale(at[0]), 1e-7)[0]
    reach = slope * draws.std() * np.sqrt(30 / 29) * stats.t.ppf((1 + level) / 2, 29)
    found = interval(0.7, draws, units=30, limits=limits, level=level)
    assert scale(found.low) == pytest.approx(scale(0.7) - reach, rel=1e-4)
    assert scale(found.high) == pytest.approx(scale(0.7) + reach, rel=1e-4)
    assert found.method == "bootstrap over units"


@pytest.mark.parametrize("limits", [(0.0, 1.0), (-1.0, 2.0)])
def test_at_a_limit_an_interval_is_that_of_a_share_stretched_between_the_limits(limits):
    low, high = limits
    for value, hits in ((low, 0), (high, 25)):
        found = interval(value, np.full(50, value), units=25, limits=limits, level=0.9)
        exact = stats.binomtest(hits, 25).proportion_ci(0.9, "exact")
        assert found.low == pytest.approx(low + (high - low) * exact.low)
        assert found.high == pytest.approx(low + (high - low) * exact.high)
        assert found.method == "Clopper-Pearson over units"


def test_a_figure_with_one_miss_in_a_million_is_not_at_its_limit():
    draws = 1 - 1e-6 * np.random.default_rng(0).poisson(1, 200)
    assert interval(1 - 1e-6, draws, units=10, limits=(0.0, 1.0)).method == "bootstrap over units"


def test_a_figure_seen_from_its_other_side_has_the_mirrored_interval():
    draws = np.random.default_rng(0).normal(0.8, 0.05, 500)
    one, other = (
        interval(value, values, units=50, limits=(0.0, 1.0))
        for value, values in ((0.8, draws), (0.2, 1 - draws))
    )
    assert (other.low, other.high) == pytest.approx((1 - one.high, 1 - one.low))
    loss = interval(0.8, draws, units=50, limits=(0.0, None))
    gain = interval(-0.8, -draws, units=50, limits=(None, 0.0))
    assert (gain.low, gain.high) == pytest.approx((-loss.high, -loss.low))


def test_a_perfect_figure_has_the_interval_of_a_share_without_a_miss():
    found = interval(1.0, np.ones(100), units=30, limits=(0.0, 1.0))
    assert found.high == 1
    assert found.low == pytest.approx(0.025 ** (1 / 30))
    for limits in ((0.0, None), (None, 0.0)):
        found = interval(0.0, np.array([0.0, 0.1]), units=30, limits=limits)
        assert found.method == "not estimable: does not vary on resamples"


def test_few_units_and_no_figure_have_no_interval():
    assert interval(0.9, np.array([0.8, 1.0]), units=9).method == "not estimable: 9 units"
    assert interval(np.nan, np.array([np.nan]), units=90).method == "not estimable: no figure"


def test_a_figure_that_does_not_vary_has_no_interval():
    found = interval(0.5, np.full(100, 0.5), units=90, limits=(0.0, 1.0))
    assert found.method == "not estimable: does not vary on resamples"


def test_a_resample_that_lacks_what_a_metric_needs_is_passed_over():
    def picky(y_true, y_prob, *, classes, sample_weight=None):
        weights = np.ones(len(y_true)) if sample_weight is None else sample_weight
        return {"a": float(np.average(y_prob[:, 0], weights=weights * (y_true == 0)))}

    true, prob = predictions(n=12, seed=3)
    true[:] = 1
    true[:2] = 0  # two of twelve: many resamples hold neither
    metric = Metric(name="picky", compute=picky)
    draws = redrawn([metric], true, prob, CLASSES, np.arange(12), resamples=200)["picky", "a"]
    assert 0 < np.isnan(draws).sum() < 200


def test_a_mean_has_no_interval_where_a_class_or_every_class_has_none():
    known, missing = Interval(low=0.7, high=0.9, method=""), Interval.missing("3 units")
    one_missing = of_mean(0.8, [(0.8, known), (0.8, missing)])
    assert np.isnan([one_missing.low, one_missing.high]).all()
    assert one_missing.method == "not estimable: 3 units in a class"
    assert of_mean(np.nan, [(0.8, known)]).method == "not estimable: no figure"
    assert of_mean(0.8, []).method == "not estimable: no figure"


def test_the_interval_of_a_mean_of_one_class_is_that_of_the_class():
    found = of_mean(0.8, [(0.8, Interval(low=0.7, high=0.95, method=""))])
    assert (found.low, found.high) == pytest.approx((0.7, 0.95))
    assert found.method == "MOVER over classes"


def test_the_interval_of_a_mean_counts_a_small_class_without_a_miss():
    held = 0
    rng = np.random.default_rng(0)
    for _ in range(300):
        small, large = rng.random(12) < 0.9, rng.random(600) < 0.97
        parts = [(float(one.mean()), share(one, np.arange(len(one)))) for one in (small, large)]
        found = of_mean(float(np.mean([figure for figure, _ in parts])), parts)
        held += found.low <= (0.9 + 0.97) / 2 <= found.high
    assert held / 300 >= 0.92


@pytest.mark.parametrize("name", ["f1", "balanced_accuracy", "specificity"])
def test_putting_equal_samples_together_changes_no_figure(name):
    true, prob = predictions(n=90)
    units = np.arange(90) // 4
    compute = getattr(metrics, name)
    single, together = (
        redrawn(
            [Metric(name=name, compute=compute, batched=True, by_top_class=flag)],
            *(true, prob, CLASSES, units),
            resamples=60,
        )
        for flag in (False, True)
    )
    for key, figures in single.items():
        np.testing.assert_allclose(together[key], figures, rtol=1e-12)
