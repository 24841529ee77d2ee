from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from cellclf.auditing.class_sizes import ClassSize, class_sizes, enough_to_judge, size_findings
from cellclf.auditing.findings import Finding
from cellclf.data.samples import Sample, Samples


def sized(units: Sequence[int]) -> tuple[Samples, ClassSize]:
    cells = tuple(Sample(id=f"{n:05}", label="ig", path=f"{n}") for n in range(len(units)))
    samples = Samples(samples=cells, classes=("ig",))
    (size,) = class_sizes(samples, np.array(units), np.ones(len(units), bool))
    return samples, size


def findings(units: Sequence[int]) -> dict[str, Finding]:
    samples, size = sized(units)
    return {finding.kind: finding for finding in size_findings(samples, [size])}


def test_sources_are_counted_and_weighed_as_kish_has_it() -> None:
    _, size = sized([0] * 100 + [1] * 10 + [2] * 10)
    assert (size.files, size.units) == (120, 3)
    assert size.effective == pytest.approx(120**2 / (100**2 + 10**2 + 10**2))


@given(st.lists(st.integers(0, 8), min_size=1, max_size=40))
def test_the_effective_number_lies_between_one_and_the_number_of_units(units: list[int]) -> None:
    _, size = sized(units)
    assert 1 - 1e-9 <= size.effective <= size.units + 1e-9
    counts = np.unique(units, return_counts=True)[1]
    if len(set(counts.tolist())) == 1:
        assert size.effective == pytest.approx(size.units)


def test_unreadable_files_are_files_but_no_sources() -> None:
    cells = tuple(Sample(id=f"{n}", label="ig", path=f"{n}") for n in range(3))
    samples = Samples(samples=cells, classes=("ig", "empty"))
    first, second = class_sizes(samples, np.arange(3), np.array([True, True, False]))
    assert (first.files, first.readable, first.units) == (3, 2, 2)
    assert (second.files, second.units, second.effective) == (0, 0, 0)


def test_enough_to_judge_follows_from_the_interval_of_clopper_and_pearson() -> None:
    def lowest(tested: int) -> float:
        return float(beta.ppf(0.025, tested, 1))

    enough = enough_to_judge()
    assert lowest(round(0.15 * enough)) >= 0.75
    assert lowest(round(0.15 * (enough - 1))) < 0.75


def test_a_class_of_two_sources_is_an_error_however_many_files_it_has() -> None:
    small = findings([0] * 500 + [1] * 500)["small_class"]
    assert small.severity == "error"
    assert "2 independent sources" in small.detail
    assert len(small.files) == 1000


def test_a_class_that_cannot_be_judged_well_is_told_what_would_do() -> None:
    small = findings(range(20))["small_class"]
    assert small.severity == "warning"
    assert small.detail == (
        "'ig' is too small to be judged well: 20 independent sources, so about 3 in the test part; "
        "were all of those right, its recall could still be as low as 29 % (95 % interval); 84 "
        "would do"
    )


def test_many_files_of_few_sources_are_told_in_both_numbers() -> None:
    few = findings([*([0] * 2000), *range(1, 71), *range(1, 71)])["few_sources"]
    assert few.severity == "warning"
    assert few.detail.startswith("'ig': 2,140 files, 71 independent sources, worth 1.1 of equal")
    enough = findings([unit for unit in range(100) for _ in range(5)])
    assert enough["few_sources"].severity == "note"
    assert enough["few_sources"].detail == "'ig': 500 files, 100 independent sources"
    assert "small_class" not in enough


def test_a_large_class_of_single_images_gives_no_findings() -> None:
    assert findings(range(84)) == {}


def given_test(units: int, tested: int) -> dict[str, Finding]:
    """Findings about a class of so many units, of which so many are in the given test part."""
    cells = tuple(
        Sample(id=f"{n:05}", label="ig", path=f"{n}", split="test" if n < tested else "train")
        for n in range(units)
    )
    other = Sample(id="other", label="platelet", path="other", split="test")
    samples = Samples(samples=(*cells, other), classes=("ig", "platelet"))
    size, _ = class_sizes(samples, np.arange(units + 1), np.ones(units + 1, bool))
    assert size.tested == tested
    return {finding.kind: finding for finding in size_findings(samples, [size])}


def test_a_class_is_judged_by_its_sources_in_the_given_test_part() -> None:
    assert given_test(40, 13) == {}
    small = given_test(500, 4)["small_class"]
    assert small.severity == "warning"
    assert small.detail == (
        "'ig' is too small to be judged well: 500 independent sources, 4 of them in the given test "
        "part; were all of those right, its recall could still be as low as 40 % (95 % interval); "
        "13 there would do"
    )


def test_a_class_of_which_nothing_is_in_the_given_test_part_cannot_be_judged() -> None:
    small = given_test(500, 0)["small_class"]
    assert small.detail == "'ig' cannot be judged: none of it is in the given test part"
    assert small.severity == "warning"


def test_images_without_a_label_have_sources_but_are_no_class_that_is_too_small() -> None:
    cells = tuple(Sample(id=f"{n}", label="", path=f"{n}") for n in range(3))
    samples = Samples(samples=cells, classes=())
    (size,) = class_sizes(samples, np.array([0, 0, 1]), np.ones(3, bool))
    assert (size.name, size.files, size.units) == ("", 3, 2)
    assert list(size_findings(samples, [size])) == []
