from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cellclf.data.allocation import allocate, apportion
from cellclf.data.settling import MOST_EXCHANGED, distance, settle

Counts = NDArray[np.intp]


def held(table: Counts, part: Counts, parts: int) -> Counts:
    return np.array([table[part == p].sum(axis=0) for p in range(parts)])


def covers(table: Counts, part: Counts, parts: int) -> bool:
    """Whether every class is in every part."""
    return bool(((held(table > 0, part, parts)) > 0).all())


def aim_of(table: Counts, shares: NDArray[np.float64]) -> Counts:
    return np.array([apportion(int(n), shares, at_least=1) for n in table.sum(axis=0)]).T


def test_units_move_until_the_aim_is_reached() -> None:
    table = np.ones((10, 1), np.intp)
    part = np.array([0] * 9 + [1])
    settle(table, part, np.array([[6], [4]]))
    assert np.bincount(part).tolist() == [6, 4]


def test_two_units_change_places_where_no_single_move_helps() -> None:
    table = np.array([[4], [4], [5], [5]])
    part = np.array([0, 1, 0, 1])
    settle(table, part, np.array([[10], [8]]))
    assert [sorted(table[part == p, 0]) for p in (0, 1)] == [[5, 5], [4, 4]]


def test_the_last_unit_of_a_class_stays_where_it_is() -> None:
    table = np.array([[9, 0], [1, 0], [0, 5], [0, 5]])
    part = np.array([0, 1, 0, 1])
    settle(table, part, np.array([[1, 5], [9, 5]]))
    assert covers(table, part, 2)
    assert sorted(table[part == 1, 0]) == [0, 9]


def test_many_kinds_of_unit_are_settled_by_moves_alone() -> None:
    table = np.arange(1, MOST_EXCHANGED + 50)[:, None]
    part = np.zeros(len(table), np.intp)
    part[:1] = 1
    aim = aim_of(table, np.array([0.7, 0.3]))
    settle(table, part, aim)
    assert np.abs(held(table, part, 2) - aim).max() <= table.max() / 2


def best_by_trying_all(table: Counts, aim: Counts) -> tuple[float, float]:
    """Least distance, and least worst gap in largest units of the class, of any division."""
    parts = len(aim)
    distances, gaps = [], []
    for choice in itertools.product(range(parts), repeat=len(table)):
        part = np.array(choice)
        if covers(table, part, parts):
            got = held(table, part, parts)
            distances.append(distance(got, aim))
            gaps.append(float((np.abs(got - aim) / table.max(axis=0)).max()))
    return min(distances, default=np.inf), min(gaps, default=np.inf)


def few_patients(seed: int) -> tuple[Counts, NDArray[np.float64]]:
    """A handful of units that hold several classes each, as patients do, and two or three parts."""
    rng = np.random.default_rng(seed)
    shares = np.array([(0.8, 0.2), (0.65, 0.2, 0.15)][seed % 2])
    units, classes = int(rng.integers(5, 8)), int(rng.integers(2, 4))
    table = rng.integers(0, 6, (units, classes)) * (rng.random((units, classes)) < 0.7)
    return table[table.sum(axis=1) > 0], shares


def test_small_sets_are_divided_nearly_as_well_as_trying_every_division_could() -> None:
    excess, optimal, tried = [], 0, 0
    for seed in range(80):
        table, shares = few_patients(seed)
        if (table.sum(axis=0) < len(shares)).any():
            continue
        aim = aim_of(table, shares)
        part = allocate(table, shares, np.random.default_rng(seed))
        least, smallest_gap = best_by_trying_all(table, aim)
        if part is None:
            assert least == np.inf  # there is no division at all
            continue
        tried += 1
        got = held(table, part, len(shares))
        optimal += distance(got, aim) <= least + 1e-9
        excess.append(float((np.abs(got - aim) / table.max(axis=0)).max()) - smallest_gap)
    assert tried > 40
    # In units of the largest unit of a class: never a whole one worse than the best there is.
    assert max(excess) < 1
    assert np.mean(excess) < 0.2
    assert optimal > tried / 2


@given(
    sizes=st.lists(st.integers(1, 6), min_size=40, max_size=80),
    seed=st.integers(0, 50),
    shares=st.sampled_from([(0.65, 0.10, 0.10, 0.15), (0.7, 0.1, 0.2), (0.25, 0.25, 0.25, 0.25)]),
)
def test_with_one_class_a_unit_no_part_is_further_from_its_aim_than_the_proof_says(
    sizes: list[int], seed: int, shares: tuple[float, ...]
) -> None:
    classes, parts = 2, len(shares)
    table = np.zeros((len(sizes), classes), np.intp)
    table[np.arange(len(sizes)), np.arange(len(sizes)) % classes] = sizes
    part = allocate(table, np.array(shares), np.random.default_rng(seed))
    assert part is not None
    aim = aim_of(table, np.array(shares))
    got = held(table, part, parts)
    units = held(table > 0, part, parts)
    for c in range(classes):
        if units[:, c].min() < 2:
            continue  # a part that cannot spare a unit may be above its aim by all of it
        share = aim[:, c] / aim[:, c].sum()
        bound = table[:, c].max() / 2 * (1 + (parts - 2) * share)
        assert (np.abs(got[:, c] - aim[:, c]) <= bound + 1e-9).all()


@pytest.mark.parametrize("seed", range(3))
def test_patients_of_several_classes_are_nowhere_better_placed_elsewhere(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 20, (40, 4))
    shares = np.array([0.65, 0.10, 0.10, 0.15])
    part = allocate(table, shares, rng)
    assert part is not None
    aim = aim_of(table, shares)
    reached = distance(held(table, part, 4), aim)
    for unit, target in itertools.product(range(40), range(4)):
        moved = part.copy()
        moved[unit] = target
        if covers(table, moved, 4):
            assert distance(held(table, moved, 4), aim) >= reached - 1e-6
    for first, second in itertools.combinations(range(40), 2):
        swapped = part.copy()
        swapped[[first, second]] = part[[second, first]]
        if covers(table, swapped, 4):
            assert distance(held(table, swapped, 4), aim) >= reached - 1e-6
