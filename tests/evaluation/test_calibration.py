"""Scaling probabilities, and how far off they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
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


def test_the_samples_of_one_class_shift_no_other_class_without_end():
    true, network, _ = distorted(500)
    kept = true != 2
    found = Calibration.fitted(true[kept], network[kept])
    assert found.biases[2] == 0
    assert found.biases.sum() == pytest.approx(0, abs=1e-9)
    assert found.apply([[0.2, 0.2, 0.6]]).argmax() == 2


def test_a_sample_without_a_label_is_refused():
    with pytest.raises(DataError, match="Received: -1 to 0"):
        Calibration.fitted([0, -1], [[0.9, 0.1], [0.1, 0.9]])


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
    assert np.isfinite(found.apply([[1.0, 0.0]])).all()


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


def test_the_error_is_small_where_probabilities_are_true_and_not_where_they_are_distorted():
    true, network, prob = distorted(20_000)
    assert expected_calibration_error(true, prob) < 0.015
    assert expected_calibration_error(true, network) > 0.08


def test_fewer_samples_than_bins_are_a_bin_each():
    assert len(reliability([0, 1], [[0.9, 0.1], [0.4, 0.6]])) == 2
