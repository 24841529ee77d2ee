from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cellclf.data.allocation import allocate, apportion

SHARES = np.array([0.65, 0.10, 0.10, 0.15])


@given(count=st.integers(0, 10_000), shares=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=6))
@settings(deadline=None)
def test_what_is_apportioned_sums_up_and_is_within_one_of_its_share(
    count: int, shares: list[float]
) -> None:
    weights = np.array(shares)
    whole = apportion(count, weights)
    assert whole.sum() == count
    assert whole.min() >= 0
    assert np.abs(whole - count * weights / weights.sum()).max() < 1 + 1e-6


def test_the_least_comes_from_whoever_is_most_above_its_share() -> None:
    assert apportion(4, SHARES, at_least=1).tolist() == [1, 1, 1, 1]
    assert apportion(6, SHARES, at_least=1).tolist() == [3, 1, 1, 1]
    assert apportion(2, SHARES, at_least=1).sum() == 2
    assert apportion(8, np.array([0.5, 0.45, 0.05]), at_least=1).tolist() == [4, 3, 1]


def test_equal_remainders_go_to_the_first_part() -> None:
    assert apportion(10, np.array([0.25, 0.25, 0.5])).tolist() == [3, 2, 5]


def test_single_samples_are_divided_exactly() -> None:
    counts = np.repeat(np.eye(2, dtype=np.intp), [100, 41], axis=0)
    part = allocate(counts, SHARES, np.random.default_rng(0))
    assert part is not None
    assert np.bincount(part[:100]).tolist() == [65, 10, 10, 15]
    assert np.bincount(part[100:]).tolist() == apportion(41, SHARES, at_least=1).tolist()


def test_single_samples_make_up_for_what_a_large_unit_took() -> None:
    counts = np.array([[10]] + [[1]] * 90)
    part = allocate(counts, SHARES, np.random.default_rng(0))
    assert part is not None
    held = [int(counts[part == p].sum()) for p in range(4)]
    assert held == [65, 10, 10, 15]


def test_a_cover_is_found_where_only_one_choice_is_right() -> None:
    # Class 1 is in units 0 to 3 alone, class 2 in units 3 to 6 alone: unit 3 serves both.
    counts = np.zeros((9, 3), np.intp)
    counts[:4, 1] = 1
    counts[3:7, 2] = 1
    counts[:, 0] = 5
    for seed in range(20):
        part = allocate(counts, SHARES, np.random.default_rng(seed))
        assert part is not None
        for c in range(3):
            assert set(part[counts[:, c] > 0]) == {0, 1, 2, 3}


def test_where_no_cover_exists_none_is_returned() -> None:
    assert allocate(np.ones((3, 2), np.intp), SHARES, np.random.default_rng(0)) is None
    # Each of six classes is in two of four units, so in every pair: two parts cannot serve all.
    pairs = [(a, b) for a in range(4) for b in range(a)]
    counts = np.zeros((4, 6), np.intp)
    for c, pair in enumerate(pairs):
        counts[list(pair), c] = 1
    assert allocate(counts, np.array([0.5, 0.5]), np.random.default_rng(0)) is None


@given(seed=st.integers(0, 50), sizes=st.lists(st.integers(1, 6), min_size=60, max_size=90))
@settings(deadline=None, max_examples=40)
def test_groups_of_moderate_size_come_near_their_shares(seed: int, sizes: list[int]) -> None:
    counts = np.zeros((len(sizes), 3), np.intp)
    counts[np.arange(len(sizes)), np.arange(len(sizes)) % 3] = sizes
    part = allocate(counts, SHARES, np.random.default_rng(seed))
    assert part is not None
    for c in range(3):
        held = np.array([counts[part == p, c].sum() for p in range(4)])
        assert np.abs(held - SHARES * counts[:, c].sum()).max() <= max(sizes)
