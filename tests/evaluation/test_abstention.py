"""When a person should look."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cellclf.evaluation.abstention import found_none, review_threshold, risk_coverage


def answers(n, seed=0):
    """Confidences, and answers that are right as often as these say."""
    rng = np.random.default_rng(seed)
    confidence = rng.beta(8, 1, n)
    return confidence, rng.random(n) < confidence


def test_what_is_accepted_reaches_the_target_in_at_least_nineteen_sets_of_twenty():
    reached = 0
    sets = 200
    for seed in range(sets):
        confidence, right = answers(800, seed)
        found = review_threshold(confidence, right, np.arange(800), target=0.95)
        fresh_confidence, fresh_right = answers(20_000, seed + 10_000)
        kept = fresh_confidence >= found.threshold
        reached += not kept.any() or fresh_right[kept].mean() >= 0.95
    assert reached / sets >= 0.93  # 0.95, and how far 200 sets may fall short of it by chance


def fallback(confidence, right, *, target, risk):
    """Try the surest tenth, two tenths and so on; one that passes hands its risk on (Wiens, 2003).

    Returns:
        Share, threshold and bound of the largest that passes.
    """
    passed, spare = (0.0, np.inf, np.nan), 0.0
    for tenths in range(1, 11):
        allowed = spare + risk / 10
        place = math.ceil((len(confidence) - 1) * (10 - tenths) / 10)
        threshold = np.sort(confidence)[place]
        kept = confidence >= threshold
        test = stats.binomtest(int(right[kept].sum()), int(kept.sum()), target, "greater")
        spare = allowed if test.pvalue <= allowed else 0.0
        if spare:
            bound = test.proportion_ci(1 - allowed, "exact").low
            passed = kept.mean(), threshold, bound
    return passed


@pytest.mark.parametrize("digits", [1, 2, 8])
@pytest.mark.parametrize(("target", "level"), [(0.85, 0.95), (0.9, 0.95), (0.9, 0.6), (0.93, 0.8)])
def test_the_threshold_is_that_of_the_fallback_procedure_with_binomial_tests(digits, target, level):
    for seed in range(5):
        confidence, right = answers(805, seed)
        confidence = np.round(confidence, digits)
        found = review_threshold(confidence, right, np.arange(805), target=target, level=level)
        accepted, threshold, bound = fallback(confidence, right, target=target, risk=1 - level)
        assert found.target == target
        assert found.accepted == pytest.approx(accepted)
        assert found.bound == pytest.approx(bound, nan_ok=True)
        assert not accepted or found.threshold == threshold


def test_only_a_threshold_that_no_confidence_reaches_lets_nothing_pass():
    hopeless = review_threshold(np.linspace(0.5, 1, 20), np.zeros(20), np.arange(20), target=0.9)
    assert found_none({"review": hopeless.threshold})
    assert not found_none({"review": 1.0})
    assert not found_none({"temperature": 3.0})


def test_more_samples_let_more_be_accepted():
    few, many = (
        review_threshold(*answers(n), np.arange(n), target=0.95).accepted for n in (300, 30_000)
    )
    assert few < many


def test_a_target_that_everything_reaches_accepts_everything():
    found = review_threshold(
        np.linspace(0.5, 1, 500), np.ones(500, bool), np.arange(500), target=0.9
    )
    assert found.accepted == 1
    assert found.threshold == 0.5
    assert found.reached


@pytest.mark.parametrize("n", [0, 20])
def test_a_target_that_cannot_be_shown_accepts_nothing(n):
    found = review_threshold(np.linspace(0.5, 1, n), np.ones(n, bool), np.arange(n), target=0.99)
    assert not found.reached
    assert found.threshold > 1
    assert np.isnan(found.bound)
    assert found.target == 0.99


def test_samples_that_belong_together_show_less():
    confidence, right = answers(400)
    tiled = np.tile(confidence, 10), np.tile(right, 10)
    alone = review_threshold(*tiled, np.arange(4000), target=0.95)
    together = review_threshold(*tiled, np.tile(np.arange(400), 10), target=0.95)
    assert together.accepted < alone.accepted


@given(st.lists(st.tuples(st.sampled_from([0.2, 0.5, 0.7, 0.9]), st.booleans()), min_size=1))
def test_the_risk_at_a_threshold_is_that_of_what_it_accepts(given_answers):
    confidence, right = map(np.array, zip(*given_answers, strict=True))
    for row in risk_coverage(confidence, right).itertuples():
        kept = confidence >= row.threshold
        assert row.coverage == pytest.approx(kept.mean())
        assert row.risk == pytest.approx(1 - right[kept].mean())
    thresholds = risk_coverage(confidence, right)["threshold"].tolist()
    assert thresholds == sorted(set(confidence), reverse=True)


def test_without_answers_there_is_no_curve():
    assert len(risk_coverage([], [])) == 0
