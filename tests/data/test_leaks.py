from __future__ import annotations

import numpy as np
import pytest

from cellclf.data.leaks import cut_at_given, given_leaks, refuse_leaks
from cellclf.data.samples import Sample, Samples
from cellclf.errors import LeakageError
from cellclf.terms import Part


def cells(*described: tuple[dict[str, str], Part | None]) -> Samples:
    """Samples 0, 1, ... from (groups, given part)."""
    samples = tuple(
        Sample(id=f"{n}", label="ig", path=f"{n}", groups=groups, split=part)
        for n, (groups, part) in enumerate(described)
    )
    return Samples(samples=samples, classes=("ig",))


def test_a_group_in_two_given_parts_is_named_by_kind_and_name() -> None:
    samples = cells(
        ({"patient": "7", "slide": "x"}, "train"),
        ({"patient": "7", "slide": "y"}, "test"),
        ({"patient": "7", "slide": "x"}, "train"),
        ({"patient": "8", "slide": "z"}, "test"),
    )
    (leak,) = given_leaks(samples, np.array([0, 0, 0, 1]))
    assert str(leak) == "patient '7' is in train (0 and 1 more) and test (1)"
    assert leak.parts == {"train": ("0", "2"), "test": ("1",)}


def test_copies_in_two_given_parts_are_called_copies() -> None:
    samples = cells(({"slide": "x"}, "train"), ({}, "validation"), ({"slide": "x"}, "train"))
    (leak,) = given_leaks(samples, np.array([0, 0, 0]), alike=[(0, 1)])
    assert str(leak) == "one image, or copies of it, is in train (0) and validation (1)"


def test_samples_that_several_ties_hold_together_are_called_so() -> None:
    samples = cells(({"patient": "7"}, "train"), ({"patient": "7"}, None), ({}, "test"))
    (leak,) = given_leaks(samples, np.array([0, 0, 0]), alike=[(1, 2)])
    assert str(leak) == "images tied by several groups or copies are in train (0) and test (2)"


def test_samples_that_were_given_nothing_leak_nothing() -> None:
    samples = cells(({}, None), ({}, "test"), ({}, None))
    assert given_leaks(samples, np.array([0, 0, 0])) == ()
    refuse_leaks(())


def test_the_refusal_names_the_first_leaks_counts_the_rest_and_says_both_ways_on() -> None:
    parts: tuple[Part, ...] = ("train", "test")
    samples = cells(*(({"patient": f"{n}"}, part) for n in range(7) for part in parts))
    leaks = given_leaks(samples, np.repeat(np.arange(7), 2))
    with pytest.raises(LeakageError) as refused:
        refuse_leaks(leaks)
    said = str(refused.value)
    assert "7 times" in said
    assert "  - patient '4' is in train (8) and test (9)\n  - and 2 more\n" in said
    assert "--resplit" in said
    assert "data.split.keep_given = false" in said
    assert "--allow-leakage" in said
    assert "data.split.allow_leakage = true" in said


def test_units_are_cut_where_given_parts_cut_them_and_nowhere_else() -> None:
    samples = cells(
        ({}, "test"), ({}, "train"), ({}, None), ({}, "train"), ({}, "test"), ({}, None), ({}, None)
    )
    pieces = cut_at_given(samples, np.array([5, 5, 5, 5, 2, 2, 1]))
    # The first unit falls into test and train, and what was given nothing goes into train.
    assert pieces.tolist() == [0, 1, 1, 1, 2, 2, 3]
