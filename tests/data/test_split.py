from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cellclf.data.samples import Sample, Samples, Split
from cellclf.data.split import split
from cellclf.errors import LeakageError, SplitError
from cellclf.terms import PARTS, Part

SHARES = {"train": 0.65, "validation": 0.10, "calibration": 0.10, "test": 0.15}
EXACT = settings(deadline=None, max_examples=30)


def cells(labels: Sequence[str], given: Sequence[Part | None] | None = None) -> Samples:
    parts = given or [None] * len(labels)
    samples = tuple(
        Sample(id=f"{n:05}.png", label=label, path=f"{n}.png", split=part)
        for n, (label, part) in enumerate(zip(labels, parts, strict=True))
    )
    return Samples(samples=samples, classes=tuple(sorted(set(labels))))


def divided(
    samples: Samples, units: Sequence[int] | None = None, *, seed: int = 0, keep_given: bool = True
) -> Split:
    numbers = np.arange(len(samples)) if units is None else np.array(units, dtype=np.intp)
    return split(samples, numbers, fractions=SHARES, seed=seed, keep_given=keep_given)


def table(samples: Samples, parts: NDArray[np.str_]) -> dict[str, list[int]]:
    """How many samples of each class are in each part, in the order of `PARTS`."""
    labels = np.array([sample.label for sample in samples])
    return {
        name: [int(((labels == name) & (parts == part)).sum()) for part in PARTS]
        for name in samples.classes
    }


grouped = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 25)), min_size=40, max_size=120)


@given(drawn=grouped, seed=st.integers(0, 99))
@EXACT
def test_no_unit_lies_in_two_parts_and_every_class_in_each(
    drawn: list[tuple[str, int]], seed: int
) -> None:
    labels, units = [label for label, _ in drawn], [unit for _, unit in drawn]
    assume(all(len({u for name, u in drawn if name == label}) >= 6 for label in "abc"))
    samples = cells(labels)
    done = divided(samples, units, seed=seed)
    assert set(done.parts) <= set(PARTS)
    assert sum(len(done.rows(part)) for part in PARTS) == len(samples)
    for unit in set(units):
        assert len(set(done.parts[np.array(units) == unit])) == 1
    assert len(done.rows("calibration"))
    assert all(min(counts) > 0 for counts in table(samples, done.parts).values())


@given(counts=st.lists(st.integers(4, 80), min_size=2, max_size=5), seed=st.integers(0, 9))
@EXACT
def test_without_groups_every_class_has_its_share_to_within_one(
    counts: list[int], seed: int
) -> None:
    samples = cells([f"{c}" for c, n in enumerate(counts) for _ in range(n)])
    held = table(samples, divided(samples, seed=seed).parts)
    for c, n in enumerate(counts):
        for got, share in zip(held[f"{c}"], SHARES.values(), strict=True):
            if n * min(SHARES.values()) >= 1:
                assert abs(got - n * share) < 1
            assert got >= 1


@given(drawn=grouped, seed=st.integers(0, 9), mixing=st.randoms(use_true_random=False))
@EXACT
def test_the_order_of_the_samples_does_not_matter(
    drawn: list[tuple[str, int]], seed: int, mixing: st.DataObject
) -> None:
    assume(all(len({u for name, u in drawn if name == label}) >= 6 for label in "abc"))
    samples = cells([label for label, _ in drawn])
    units = [unit for _, unit in drawn]
    done = divided(samples, units, seed=seed)
    order = list(range(len(samples)))
    mixing.shuffle(order)  # type: ignore[attr-defined]
    mixed = Samples(samples=tuple(samples[row] for row in order), classes=samples.classes)
    # Other numbers for the units, too: only what they hold together counts.
    again = divided(mixed, [1000 - units[row] for row in order], seed=seed)
    np.testing.assert_array_equal(again.parts, done.parts[order])


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    samples = cells(list("ab") * 50)
    units = [n // 3 for n in range(100)]
    for numbers in (None, units):
        first = divided(samples, numbers, seed=1).parts
        np.testing.assert_array_equal(first, divided(samples, numbers, seed=1).parts)
        assert (first != divided(samples, numbers, seed=2).parts).any()


def test_a_class_of_three_units_gives_up_calibration_for_all() -> None:
    samples = cells(["a"] * 20 + ["b"] * 3)
    done = divided(samples)
    assert not len(done.rows("calibration"))
    assert len(done.rows("calibration")) == 0
    assert table(samples, done.parts)["b"] == [1, 1, 0, 1]
    (warning,) = done.warnings
    assert "'b' (3)" in warning
    assert "not calibrated" in warning


def test_classes_with_fewer_than_three_units_are_all_named() -> None:
    samples = cells(["a"] * 20 + ["b"] * 2 + ["c"] * 4)
    units = [*range(22), 22, 22, 22, 22]
    wanted = r"at least 3 .* Received: 'b' \(2\), 'c' \(1\)\..*data\.classes"
    with pytest.raises(SplitError, match=wanted):
        divided(samples, units)


def test_groups_that_hold_every_class_together_are_refused_where_they_are_too_few() -> None:
    # Six classes, each in three of five groups, so that no three groups can serve all of them.
    members = [(0, 1, 2), (0, 1, 3), (0, 1, 4), (2, 3, 4), (0, 2, 3), (1, 3, 4), (0, 3, 4)]
    drawn = [("abcdefg"[c], unit) for c, units in enumerate(members) for unit in units]
    samples = cells([label for label, _ in drawn])
    with pytest.raises(SplitError, match="no division keeps groups whole"):
        divided(samples, [unit for _, unit in drawn])


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (Samples(samples=(), classes=()), "no samples"),
        (cells(["a"] * 30), r"only one class, 'a';.*two\. Check that .* above the class folders$"),
    ],
)
def test_nothing_and_one_class_are_refused(samples: Samples, reason: str) -> None:
    with pytest.raises(SplitError, match=reason):
        divided(samples)


def test_a_class_without_samples_is_refused() -> None:
    samples = Samples(samples=cells(["a"] * 30).samples, classes=("a", "b"))
    with pytest.raises(SplitError, match=re.escape("'b' (0)")):
        divided(samples)


def test_given_train_and_test_leave_the_others_to_be_carved_from_train() -> None:
    given: list[Part | None] = ["train"] * 85 + ["test"] * 15
    samples = cells(["a", "b"] * 50, given)
    done = divided(samples)
    np.testing.assert_array_equal(done.parts == "test", np.arange(100) >= 85)
    assert [len(done.rows(part)) for part in PARTS] == [65, 10, 10, 15]


def test_samples_without_a_given_part_join_the_pool_or_their_unit() -> None:
    given: list[Part | None] = ["test", None, "test", *[None] * 57]
    samples = cells(["a", "b"] * 30, given)
    units = [0, 0, *range(1, 59)]
    done = divided(samples, units)
    assert done.rows("test").tolist() == [0, 1, 2]
    assert len(done.rows("calibration"))


def test_all_four_given_parts_stay_as_they_are() -> None:
    given: list[Part | None] = [PARTS[n % 4] for n in range(40)]
    done = divided(cells(["a"] * 20 + ["b"] * 20, given))
    assert done.parts.tolist() == given
    assert len(done.rows("calibration"))


def test_a_given_part_without_a_class_is_warned_of() -> None:
    given: list[Part | None] = [*[None] * 40, "test", "test"]
    done = divided(cells(["a", "b"] * 20 + ["a", "a"], given))
    assert done.warnings == ("no sample of 'b' is in the given test part",)


def test_a_unit_in_two_given_parts_is_a_leak_unless_given_parts_are_set_aside() -> None:
    given: list[Part | None] = ["train", "test", *["train"] * 30, *["test"] * 8]
    samples = cells(["a", "b"] * 20, given)
    units = [0, 0, *range(1, 39)]
    with pytest.raises(LeakageError, match=r"train \(00000.png\) and test \(00001.png\)"):
        divided(samples, units)
    done = divided(samples, units, keep_given=False)
    assert done.parts[0] == done.parts[1]
    assert [len(done.rows(part)) for part in PARTS] == [26, 4, 4, 6]


def test_no_calibration_is_made_where_none_is_asked_for() -> None:
    samples = cells(["a", "b"] * 20)
    shares = {"train": 0.7, "validation": 0.1, "test": 0.2}
    done = split(samples, np.arange(40), fractions=shares, seed=0)
    assert not len(done.rows("calibration"))
    assert [len(done.rows(part)) for part in PARTS] == [28, 4, 0, 8]


@pytest.mark.parametrize(
    "shares",
    [
        {"train": 0.5, "validation": 0.1, "calibration": 0.1, "test": 0.2},
        {"train": 0.8, "validation": 0.2},
        {"train": 0.6, "valid": 0.1, "validation": 0.1, "calibration": 0.1, "test": 0.1},
        {"train": 0.7, "valid": 0.0, "validation": 0.1, "calibration": 0.1, "test": 0.1},
        {"train": 0.8, "validation": 0.2, "calibration": -0.1, "test": 0.1},
        {"train": 0.9, "validation": 0.0, "calibration": 0.0, "test": 0.1},
        {},
    ],
)
def test_fractions_that_are_none_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(SplitError, match=r"`fractions` must .* Received"):
        split(cells(["a", "b"] * 20), np.arange(40), fractions=shares, seed=0)


def test_a_calibration_share_of_nothing_is_the_same_as_none() -> None:
    samples = cells(["a", "b"] * 20)
    shares = {"train": 0.7, "validation": 0.1, "calibration": 0.0, "test": 0.2}
    done = split(samples, np.arange(40), fractions=shares, seed=0)
    without = {part: share for part, share in shares.items() if share}
    wanted = split(samples, np.arange(40), fractions=without, seed=0)
    np.testing.assert_array_equal(done.parts, wanted.parts)
    assert done.warnings == ()


def test_groups_that_can_serve_three_parts_and_not_four_give_up_calibration() -> None:
    # Groups 0 to 4 each share a class of four groups with every other of them, so that no two may
    # lie in one of four parts: of such groups there are five.
    members = {"a": (0, 1, 2, 3), "b": (0, 1, 2, 4), "c": (3, 4, 5, 6)}
    drawn = [(name, unit) for name, units in members.items() for unit in units]
    samples = cells([name for name, _ in drawn])
    done = divided(samples, [unit for _, unit in drawn])
    assert not len(done.rows("calibration"))
    for counts in table(samples, done.parts).values():
        assert [n > 0 for n in counts] == [True, True, False, True]
    (warning,) = done.warnings
    assert warning.startswith(
        "there is no calibration part: the groups hold too many classes together, where 4 are "
        "needed for train, validation, calibration, test."
    )


def test_what_is_warned_of_comes_in_the_order_of_the_parts() -> None:
    given: list[Part | None] = [*[None] * 43, "test", "test", "validation"]
    labels = ["a", "b", "c"] * 14 + ["c", "a", "b", "b"]
    done = divided(cells(labels, given))
    assert done.warnings == (
        "no sample of 'a', 'c' is in the given validation part",
        "no sample of 'c' is in the given test part",
    )
    few: list[Part | None] = [*[None] * 42, "test"]
    done = divided(cells(["a"] * 40 + ["b"] * 2 + ["a"], few))
    assert done.warnings[0] == "no sample of 'b' is in the given test part"
    assert done.warnings[1].startswith("there is no calibration part: too few")


def test_a_set_that_cannot_be_divided_says_among_which_parts() -> None:
    members = [(0, 1, 2), (0, 1, 3), (0, 1, 4), (2, 3, 4), (0, 2, 3), (1, 3, 4), (0, 3, 4)]
    drawn = [("abcdefg"[c], unit) for c, units in enumerate(members) for unit in units]
    samples = cells([label for label, _ in drawn])
    with pytest.raises(SplitError, match="in each of train, validation, test: too few groups"):
        divided(samples, [unit for _, unit in drawn])
    # Where train and test are given, a sample each of validation and calibration is enough.
    given: list[Part | None] = ["test", "test", None, None, None, None]
    with pytest.raises(SplitError, match=r"at least 2 .* one for each of train, validation\. "):
        divided(cells(["a", "b", "a", "b", "b", "b"], given))


def test_groups_keep_to_the_samples_that_they_hold_whatever_the_samples_are_called() -> None:
    """Ids in another order than the rows: parts go to the rows whose units were placed."""
    rng = np.random.default_rng(0)
    names = rng.permutation(60)
    samples = Samples(
        samples=tuple(
            Sample(
                id=f"{name:02}",
                label="ab"[row % 2],
                path="",
                split="test" if row in (3, 10) else None,
            )
            for row, name in enumerate(names)
        ),
        classes=("a", "b"),
    )
    units = np.arange(60) // 2
    done = divided(samples, units.tolist())
    assert set(done.rows("test").tolist()) == {2, 3, 10, 11}
    assert all(len(set(done.parts[units == unit])) == 1 for unit in range(30))
