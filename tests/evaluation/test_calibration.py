"""Scaling probabilities, and how far off they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from cellclf.errors import DataError
from cellclf.evaluation.calibration import (
    Calibration,
    expected_calibration_error,
    reliability,
)


def distorted(n=20_000, *, temperature=0.5, biases=(0.0, 0.0, 0.0), seed=0):
    """Labels drawn from probabilities, and these probabilities as a network would distort them."""
    rng = np.random.default_rng(seed)
    prob = rng.dirichlet([2.0, 1.0, 1.0], n)
    true = (rng.random((n, 1)) > prob.cumsum(axis=1)).sum(axis=1).clip(max=2)
    logits = (np.log(prob) - np.asarray(biases)) / temperature
    network = np.exp(logits - logits.max(axis=1, keepdims=True))
    return true, network / network.sum(axis=1, keepdims=True), prob


@pytest.mark.parametrize(("temperature", "biases"), [(0.5, (0, 0, 0)), (2.0, (1.0, -0.5, -0.5))])
def test_what_was_distorted_is_put_right(temperature, biases):
    true, network, prob = distorted(temperature=1 / temperature, biases=biases)
    found = Calibration.fitted(true, network)
    assert found.temperature == pytest.approx(temperature, rel=0.05)
    np.testing.assert_allclose(found.biases, biases, atol=0.06)
    assert np.abs(found.apply(network) - prob).mean() < 0.01


def test_the_fit_is_the_maximum_likelihood_that_scikit_learn_finds():
    true, network, _ = distorted(2000, temperature=0.6, biases=(0.7, 0.0, -0.7))
    found = Calibration.fitted(true, network)
    # Of two classes it is logistic regression on the log odds (Platt, 1999).
    two = true < 2
    odds = np.log(network[two, 1] / network[two, 0])
    pair = network[two][:, :2] / network[two][:, :2].sum(axis=1, keepdims=True)
    platt = LogisticRegression(C=1e9, tol=1e-8).fit(odds[:, None], true[two])
    fitted = Calibration.fitted(true[two], pair)
    assert 1 / fitted.temperature == pytest.approx(platt.coef_[0, 0], rel=1e-2)
    assert np.diff(fitted.biases)[0] == pytest.approx(platt.intercept_[0], abs=1e-2)
    assert log_loss(true, found.apply(network)) < log_loss(true, network)


def test_the_fit_to_few_samples_is_the_likeliest_with_normal_biases():
    true, network, _ = distorted(60, temperature=0.6, biases=(2.0, 0.0, -2.0), seed=3)

    def unlikeliness(at):
        scaled = np.log(network) * at[0] + at[1:]
        likely = scaled[np.arange(60), true] - np.log(np.exp(scaled).sum(axis=1))
        return -likely.sum() - stats.norm.logpdf(at[1:], scale=3).sum()

    wanted = optimize.minimize(unlikeliness, [1.0, 0.0, 0.0, 0.0], method="BFGS").x
    found = Calibration.fitted(true, network)
    assert 1 / found.temperature == pytest.approx(wanted[0], abs=2e-3)
    np.testing.assert_allclose(found.biases, wanted[1:], atol=5e-3)
    assert found.biases.sum() == pytest.approx(0, abs=1e-9)
    assert found.samples == 60


@pytest.mark.parametrize(("first", "temperature"), [(0, 1 / 20), (1, 20)])
def test_how_sure_a_network_is_made_has_an_end_on_either_side(first, temperature):
    prob = [[0.6, 0.4], [0.4, 0.6]] * 50
    assert Calibration.fitted([first, 1 - first] * 50, prob).temperature == temperature


def test_the_samples_of_one_class_shift_no_other_class_without_end():
    true, network, _ = distorted(500)
    kept = true != 2
    found = Calibration.fitted(true[kept], network[kept])
    assert found.biases[2] == 0
    assert found.biases.sum() == pytest.approx(0, abs=1e-9)
    assert found.apply([[0.2, 0.2, 0.6]]).argmax() == 2


def test_a_sample_without_a_label_is_refused():
    with pytest.raises(DataError, match=r"from 0 to 1\. Received: -1 to 0$"):
        Calibration.fitted([0, -1], [[0.9, 0.1], [0.1, 0.9]])
    with pytest.raises(DataError, match=r"from 0 to 1\. Received: 1 to 2$"):
        Calibration.fitted([1, 2], [[0.9, 0.1], [0.1, 0.9]])


def test_the_order_of_rows_does_not_change_the_error():
    true, network, _ = distorted(500)
    network = np.round(network, 1)
    mixed = np.random.default_rng(0).permutation(500)
    one, other = (
        expected_calibration_error(true[rows], network[rows]) for rows in (slice(None), mixed)
    )
    assert one == pytest.approx(other)


def test_a_network_that_is_always_right_is_not_made_infinitely_sure():
    prob = np.array([[0.9, 0.1], [0.1, 0.9]] * 50)
    found = Calibration.fitted(np.array([0, 1] * 50), prob)
    assert 0 < found.temperature < 1
    assert np.isfinite(found.apply(prob)).all()
    sure = found.apply([[1.0, 0.0]])
    assert np.isfinite(sure).all()
    assert sure.dtype == np.float32
    doubtful = Calibration(temperature=2.0, biases=np.zeros(2), samples=100)
    assert doubtful.apply([[1.0, 0.0]])[0, 1] == pytest.approx(1e-6, rel=1e-5)  # the root of 1e-12


@given(st.permutations(range(3)))
def test_the_order_of_classes_does_not_matter(order):
    true, network, _ = distorted(300, biases=(0.5, 0.0, -0.5))
    order = np.array(order)
    plain = Calibration.fitted(true, network)
    found = Calibration.fitted(np.argsort(order)[true], network[:, order])
    assert found.temperature == pytest.approx(plain.temperature, rel=1e-3)
    np.testing.assert_allclose(found.biases, plain.biases[order], atol=1e-3)


def test_the_bins_are_those_of_scikit_learns_calibration_curve():
    true, network, _ = distorted(3000)
    table = reliability(true, network, bins=10)
    right = network.argmax(axis=1) == true
    share, confidence = calibration_curve(
        right, network.max(axis=1), n_bins=10, strategy="quantile"
    )
    np.testing.assert_allclose(table["confidence"], confidence, atol=2e-3)
    np.testing.assert_allclose(table["right"], share, atol=5e-3)
    assert table["samples"].sum() == 3000
    wanted = (np.abs(share - confidence) * 300).sum() / 3000
    assert expected_calibration_error(true, network, bins=10) == pytest.approx(wanted, abs=2e-3)


def test_each_bin_counts_for_its_samples_and_has_the_exact_interval_of_its_share():
    prob = np.array([[0.5, 0.5], [0.4, 0.6], [0.3, 0.7], [0.8, 0.2], [0.1, 0.9]])
    true = np.array([0, 0, 1, 0, 0])
    table = reliability(true, prob, bins=2)
    assert table["samples"].tolist() == [3, 2]
    assert table["confidence"].tolist() == pytest.approx([0.6, 0.85])
    assert table["right"].tolist() == pytest.approx([2 / 3, 1 / 2])
    exact = [stats.binomtest(*one).proportion_ci(0.95, "exact") for one in ((2, 3), (1, 2))]
    assert table["low"].tolist() == pytest.approx([one.low for one in exact])
    assert table["high"].tolist() == pytest.approx([one.high for one in exact])
    wanted = (3 * (2 / 3 - 0.6) + 2 * (0.85 - 1 / 2)) / 5
    assert expected_calibration_error(true, prob, bins=2) == pytest.approx(wanted)


def test_samples_that_belong_together_tell_less_of_a_bin():
    true, network, _ = distorted(400)
    alone = reliability(np.repeat(true, 5), np.repeat(network, 5, axis=0), bins=4)
    together = reliability(
        *(np.repeat(true, 5), np.repeat(network, 5, axis=0)),
        units=np.repeat(np.arange(400), 5),
        bins=4,
    )
    once = reliability(true, network, bins=4)
    width, narrow, wanted = (one["high"] - one["low"] for one in (together, alone, once))
    assert (width > 1.5 * narrow).all()
    np.testing.assert_allclose(width, wanted, rtol=0.05)


def test_of_equal_confidences_the_right_ones_fill_the_first_bins():
    assert reliability([1, 0, 1, 0], [[0.75, 0.25]] * 4, bins=2)["right"].tolist() == [1, 0]


def test_the_error_is_small_where_probabilities_are_true_and_not_where_they_are_distorted():
    true, network, prob = distorted(20_000)
    assert expected_calibration_error(true, prob) < 0.015
    assert expected_calibration_error(true, network) > 0.08


def test_fewer_samples_than_bins_are_a_bin_each():
    assert len(reliability([0, 1], [[0.9, 0.1], [0.4, 0.6]])) == 2
