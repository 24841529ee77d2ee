from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cellclf.data.samples import Sample, Samples
from cellclf.data.units import units_of

NAMES = st.sampled_from(["", "1", "2", "3"])


def samples_of(groups: list[dict[str, str]]) -> Samples:
    cells = (
        Sample(id=str(row), label="ig", path=str(row), groups=named)
        for row, named in enumerate(groups)
    )
    return Samples(samples=tuple(cells), classes=("ig",))


def joined(n: int, pairs: list[tuple[int, int]]) -> list[int]:
    """The unit of each row, joined pair by pair: slow, and plainly right."""
    unit = list(range(n))
    for one, other in pairs:
        old, new = unit[other], unit[one]
        unit = [new if number == old else number for number in unit]
    first = dict.fromkeys(unit)
    return [list(first).index(number) for number in unit]


@given(
    groups=st.lists(
        st.fixed_dictionaries({"patient": NAMES, "field": NAMES}), min_size=1, max_size=8
    ),
    data=st.data(),
)
def test_units_are_what_groups_and_likeness_join(
    groups: list[dict[str, str]], data: st.DataObject
) -> None:
    rows = st.integers(0, len(groups) - 1)
    alike = data.draw(st.lists(st.lists(rows, min_size=2, max_size=3), max_size=4))
    pairs = [
        (one, other)
        for one, mine in enumerate(groups)
        for other, others in enumerate(groups)
        if any(mine[kind] and mine[kind] == others[kind] for kind in mine)
    ]
    pairs += [(cluster[0], other) for cluster in alike for other in cluster]
    assert units_of(samples_of(groups), alike).tolist() == joined(len(groups), pairs)


def test_an_empty_group_ties_nothing_and_kinds_are_strangers() -> None:
    groups = [{"patient": ""}, {"patient": ""}, {"patient": "1"}, {"field": "1"}]
    assert units_of(samples_of(groups), []).tolist() == [0, 1, 2, 3]


def test_every_pair_that_shows_the_same_is_one_unit() -> None:
    units = units_of(samples_of([{}] * 5), iter([(0, 3), (1, 4)]))
    assert units.tolist() == [0, 1, 2, 0, 1]
    assert units.dtype == np.intp
