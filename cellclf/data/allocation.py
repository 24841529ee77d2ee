"""Which unit goes to which part: pure counting, with neither names nor files.

The table that all of it works on is `counts`, `(units, classes)`: how many samples of each class a
unit holds. A unit is never cut, so with units of many samples the wanted shares can only be neared.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cellclf.data.settling import settle

__all__ = ["allocate", "apportion"]

SEARCH_LIMIT = 20_000
"""Steps after which the search for a cover is given up; ordinary sets need one a class and part."""

FREE = -1

Counts = NDArray[np.intp]


def apportion(count: int, shares: NDArray[np.float64], *, at_least: int = 0) -> Counts:
    """Divide `count` things by the method of largest remainders (Hamilton, 1792).

    Args:
        count: How many there are.
        shares: What each is to have, shape `(parts,)`; only their ratios matter.
        at_least: What each gets whatever its share, as far as `count` goes.

    Returns:
        Whole numbers, shape `(parts,)`, that sum to `count`; each less than 1 from its exact share
        where `at_least` does not intervene. Of equal remainders the first part's wins.

    Example:
        >>> apportion(10, np.array([0.65, 0.10, 0.10, 0.15])).tolist()
        [7, 1, 1, 1]
    """
    exact = count * shares / shares.sum()
    whole: Counts = np.floor(exact).astype(np.intp)
    # Rounded: 0.1 + 0.2 must tie with 0.3, or the result hangs on the order of a sum.
    remainders = np.round(exact - whole, 9)
    whole[np.argsort(-remainders, kind="stable")[: count - int(whole.sum())]] += 1
    while whole.min() < at_least and whole.max() > at_least:
        poorest = int(np.argmin(whole))
        able = np.where(whole > at_least, whole - exact, -np.inf)
        whole[int(np.argmax(able))] -= 1
        whole[poorest] += 1
    return whole


def allocate(
    counts: Counts, shares: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.intp] | None:
    """Give every unit to a part so that every class is in every part, near its share.

    1. Each class is apportioned to the parts by largest remainders, at least one to each: the aim.
    2. A cover: for each class and part one unit is fixed, the class with the fewest units to spare
       first and the smallest unit first, with backtracking.
    3. Units of several samples, largest first, go where they bring the parts nearest to the aim
       (chi-square distance, so that small classes count as much as large ones).
    4. Units of one sample fill what is left of the aim, exactly where nothing overshot it.
    5. `settle`: as long as one unit can move, or two change places, and bring the parts nearer to
       the aim, with every class still in every part, they do.

    Ties, for which sizes within a factor of two count, are broken by a permutation drawn from
    `rng`. Where every unit is one sample the shares are exactly those of step 1.

    Args:
        counts: Samples of each class in each unit, shape `(units, classes)`; no unit is empty.
        shares: Wanted share of each part, shape `(parts,)`, all above zero.
        rng: Decides between equals.

    Returns:
        Part of each unit, shape `(units,)`; `None` where no cover exists, or where none was found
        in `SEARCH_LIMIT` steps.
    """
    order = rng.permutation(len(counts))
    table = counts[order]
    aim = np.array([apportion(int(n), shares, at_least=1) for n in table.sum(axis=0)]).T
    part = _cover(table, len(shares))
    if part is None:
        return None
    covering = part != FREE
    sizes = table.sum(axis=1)
    _place_large(table, part, aim, np.flatnonzero((sizes > 1) & ~covering))
    _place_single(table, part, aim)
    settle(table, part, aim)
    result = np.empty(len(counts), np.intp)
    result[order] = part
    return result


def _cover(table: Counts, parts: int) -> NDArray[np.intp] | None:
    """Fix one unit for each class and part; the others stay `FREE`."""
    part = np.full(len(table), FREE, np.intp)
    smallest_first = np.argsort(_octave(table), kind="stable")
    holders = [smallest_first[table[smallest_first, c] > 0] for c in range(table.shape[1])]
    hard: list[int] = []
    for c, units in enumerate(holders):
        single = units[table[units].sum(axis=1) == 1][:parts]
        if len(single) == parts:  # nobody else can use these: no search needed
            part[single] = np.arange(parts)
        else:
            hard.append(c)
    steps = 0

    def search() -> bool:
        nonlocal steps
        steps += 1
        needs = [_needs(table, part, c, parts) for c in hard]
        spare = [
            int((part[holders[c]] == FREE).sum()) - len(need) if need else len(table)
            for c, need in zip(hard, needs, strict=True)
        ]
        if not any(needs):
            return True
        if min(spare) < 0 or steps > SEARCH_LIMIT:
            return False
        scarcest = int(np.argmin(spare))
        wanted = needs[scarcest][0]
        tried: set[bytes] = set()
        for unit in holders[hard[scarcest]]:
            alike = table[unit].tobytes()
            if part[unit] == FREE and alike not in tried:
                tried.add(alike)
                part[unit] = wanted
                if search():
                    return True
                part[unit] = FREE
        return False

    return part if search() else None


def _needs(table: Counts, part: NDArray[np.intp], c: int, parts: int) -> list[int]:
    """Parts in which class `c` is not yet."""
    has = set(part[table[:, c] > 0].tolist())
    return [p for p in range(parts) if p not in has]


def _place_large(
    table: Counts, part: NDArray[np.intp], aim: Counts, units: NDArray[np.intp]
) -> None:
    held = _held(table, part, len(aim))
    largest_first = units[np.argsort(-_octave(table[units]), kind="stable")]
    for unit in largest_first:
        # What each part's distance to the aim changes by, were the unit put there.
        gap = held - aim
        change = ((gap + table[unit]) ** 2 - gap**2) / aim
        part[unit] = int(np.argmin(change.sum(axis=1)))
        held[part[unit]] += table[unit]


def _place_single(table: Counts, part: NDArray[np.intp], aim: Counts) -> None:
    left = np.maximum(aim - _held(table, part, len(aim)), 0)
    for c in range(table.shape[1]):
        units = np.flatnonzero((part == FREE) & (table[:, c] > 0))
        if len(units):
            filled = apportion(len(units), left[:, c].astype(np.float64))
            part[units] = np.repeat(np.arange(len(aim)), filled)


def _octave(table: Counts) -> Counts:
    """Size of each unit to within a factor of two, for sorting.

    With sizes that near taken as equal, another seed gives another split even where no two units
    are of one size.
    """
    return np.asarray(np.floor(np.log2(table.sum(axis=1))), dtype=np.intp)


def _held(table: Counts, part: NDArray[np.intp], parts: int) -> Counts:
    return np.array([table[part == p].sum(axis=0) for p in range(parts)])
