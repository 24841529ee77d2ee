"""Shares of mixtures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellclf.evaluation.mixtures import mixture_shares


def gains(observed, rows, shares):
    """How much likelier what was observed gets with more of each distribution, less of the rest."""
    expected = np.einsum("nk,nka->na", shares, rows)
    return np.einsum("nka,na->nk", rows, observed / expected) - 1


@settings(max_examples=60)
@given(
    classes=st.integers(1, 12),
    outcomes=st.integers(2, 13),
    sharpness=st.sampled_from([0.05, 1, 30, 1000]),
    seed=st.integers(0, 10_000),
)
def test_no_other_shares_are_likelier(classes, outcomes, sharpness, seed):
    rng = np.random.default_rng(seed)
    counts = sharpness * rng.random((classes, outcomes)) + 20 * np.eye(classes, outcomes) + 0.5
    rows = np.stack([rng.dirichlet(row, size=20) for row in counts], axis=1)
    observed = rng.dirichlet(np.full(outcomes, 0.7), size=20)
    shares = mixture_shares(observed, rows)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-12)
    assert (shares >= 0).all()
    # Of a concave likelihood the greatest is where no share gains, and none that is there loses.
    gained = gains(observed, rows, shares)
    assert gained.max() < 1e-6
    assert np.abs(shares * gained).max() < 1e-6


@given(truth=st.floats(0.001, 0.999), apart=st.floats(0.01, 0.4))
def test_a_mixture_that_some_shares_explain_in_full_has_those(truth, apart):
    rows = np.array([[0.5 + apart, 0.5 - apart], [0.5 - apart, 0.5 + apart]])
    shares = mixture_shares((np.array([truth, 1 - truth]) @ rows)[None], rows[None])
    assert shares[0, 0] == pytest.approx(truth, abs=1e-4)


def test_each_of_many_is_solved_as_if_it_were_alone():
    rng = np.random.default_rng(3)
    rows = rng.dirichlet(np.ones(5), size=(30, 4))
    observed = rng.dirichlet(np.ones(5), size=30)
    together = mixture_shares(observed, rows)
    alone = [mixture_shares(observed[[row]], rows[[row]])[0] for row in range(30)]
    np.testing.assert_allclose(together, alone, atol=1e-12)


def test_distributions_that_are_the_same_share_alike():
    rows = np.full((1, 3, 2), 0.5)
    np.testing.assert_allclose(mixture_shares(np.array([[0.6, 0.4]]), rows), 1 / 3, atol=1e-6)
