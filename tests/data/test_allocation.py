from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cellclf.data.allocation import FREE, _place_large, allocate, apportion
from cellclf.data.settling import distance

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


def placed_one_by_one(table: NDArray[np.intp], aim: NDArray[np.intp]) -> list[int]:
    """Each unit where `distance` is then the least, doublings of size first; plainly and slowly."""
    part = np.full(len(table), -1)
    order = sorted(range(len(table)), key=lambda unit: -len(f"{int(table[unit].sum()):b}"))
    for unit in order:
        after = []
        for target in range(len(aim)):
            part[unit] = target
            held = np.array([table[part == p].sum(axis=0) for p in range(len(aim))])
            after.append(round(distance(held, aim), 9))
        part[unit] = int(np.argmin(after))
    return part.tolist()


@given(seed=st.integers(0, 500))
@settings(deadline=None, max_examples=40)
def test_large_units_go_one_by_one_where_they_bring_the_parts_nearest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 30, (25, 3)) + np.array([1, 1, 0])
    aim = np.array([apportion(int(n), SHARES, at_least=1) for n in table.sum(axis=0)]).T
    part = np.full(len(table), FREE)
    _place_large(table, part, aim, np.arange(len(table)))
    assert part.tolist() == placed_one_by_one(table, aim)


def test_large_units_are_placed_beside_those_that_have_a_place() -> None:
    table = np.array([[9], [9], [4], [4], [1]])
    part = np.array([0, FREE, FREE, 1, FREE])
    _place_large(table, part, np.array([[14], [13]]), np.array([1, 2]))
    assert part.tolist() == [0, 1, 0, 1, FREE]


def test_equal_units_take_turns_by_the_seed_and_larger_ones_always_come_first() -> None:
    # Sizes within a factor of two are equals: which of them is where is the generator's to say.
    table = np.array([[40]] * 3 + [[9], [10], [11], [12], [13], [14]] * 4)
    found = [allocate(table, SHARES, np.random.default_rng(seed)) for seed in range(8)]
    parts = [tuple(part.tolist()) for part in found if part is not None]
    assert len(parts) == 8
    assert len(set(parts)) > 4
    for part in parts:
        assert part[:3].count(0) >= 2


def test_single_samples_of_a_class_fill_what_large_units_left_open() -> None:
    # A unit of both classes covers a part for both; what is left of the aim is filled exactly.
    table = np.array([[3, 2], [2, 2], [2, 1], [3, 1]] + [[1, 0]] * 30 + [[0, 1]] * 14)
    for seed in range(10):
        part = allocate(table, SHARES, np.random.default_rng(seed))
        assert part is not None
        held = np.array([table[part == p].sum(axis=0) for p in range(4)])
        assert held[:, 0].tolist() == apportion(40, SHARES, at_least=1).tolist()
        assert held[:, 1].tolist() == apportion(20, SHARES, at_least=1).tolist()


@given(
    members=st.lists(
        st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True), min_size=3, max_size=6
    ),
    parts=st.integers(2, 3),
    size=st.integers(1, 3),
)
@settings(deadline=None, max_examples=150)
def test_a_cover_is_found_exactly_where_trying_everything_finds_one(
    members: list[list[int]], parts: int, size: int
) -> None:
    table = np.zeros((len(members), 3), np.intp)
    for unit, classes in enumerate(members):
        table[unit, classes] = size
    table = table[:, table.any(axis=0)]
    possible = any(
        all(
            set(np.array(choice)[table[:, c] > 0]) == {*range(parts)} for c in range(table.shape[1])
        )
        for choice in itertools.product(range(parts), repeat=len(table))
    )
    part = allocate(table, np.full(parts, 1 / parts), np.random.default_rng(0))
    assert (part is not None) == possible
    if part is not None:
        for c in range(table.shape[1]):
            assert set(part[table[:, c] > 0]) == {*range(parts)}


@given(
    count=st.integers(0, 60),
    shares=st.lists(st.integers(1, 20), min_size=1, max_size=5),
    at_least=st.integers(0, 3),
)
@settings(deadline=None)
def test_the_least_is_given_as_far_as_it_goes_and_costs_whoever_has_most_above_its_share(
    count: int, shares: list[int], at_least: int
) -> None:
    weights = np.array(shares) / sum(shares)
    plain = apportion(count, weights)
    whole = apportion(count, weights, at_least=at_least)
    assert whole.sum() == count
    if count >= at_least * len(shares):
        assert (whole >= at_least).all()
        assert (whole[plain < at_least] == at_least).all()
        assert (whole[plain >= at_least] <= plain[plain >= at_least]).all()
    else:
        assert whole.max() <= at_least


def test_remainders_that_differ_by_rounding_alone_are_equal() -> None:
    # 0.1 + 0.2 is a little more than 0.3: the first part still comes first.
    assert apportion(5, np.array([0.3, 0.1 + 0.2, 0.4])).tolist() == [2, 1, 2]
    assert apportion(5, np.array([0.1 + 0.2, 0.3, 0.4])).tolist() == [2, 1, 2]
    assert apportion(3, np.array([0.3, 0.1 + 0.2])).tolist() == [2, 1]
