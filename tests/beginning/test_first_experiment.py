from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellclf.beginning.first_experiment import first_experiment
from cellclf.beginning.group_names import GroupGuess, guess_groups
from cellclf.beginning.survey import Sides, Survey
from cellclf.data.samples import Sample, Samples
from cellclf.registry import installed
from cellclf.specs import ModelSpec

pytestmark = pytest.mark.skipif(
    not installed().names(ModelSpec), reason="no package with an architecture is installed"
)


def sides(median: int, *, oblong: float = 0.0) -> Sides:
    return Sides(looked_at=10, least=median, median=median, most=median, oblong=oblong)


def surveyed(**changes: Any) -> Survey:
    known: dict[str, Any] = {"folder": Path("cells"), "classes": {"ig": 9, "mo": 30}, "parts": {}}
    return Survey(**{**known, "sides": sides(100), "groups": None, **changes})


def written(found: Survey) -> dict[str, Any]:
    return tomllib.loads(first_experiment(found, installed(), preferred=("custom_cnn",)))


def in_one_line(found: Survey) -> str:
    """What is written, comments unwrapped."""
    lines = first_experiment(found, installed()).splitlines()
    return " ".join(line.removeprefix("# ") for line in lines)


@pytest.mark.parametrize(
    ("median", "size"), [(20, 32), (60, 64), (64, 64), (120, 128), (360, 128), (2000, 128)]
)
def test_small_images_are_not_enlarged_and_large_ones_made_as_small_as_by_default(
    median: int, size: int
) -> None:
    pytest.importorskip("cellclf_custom_cnn")
    assert written(surveyed(sides=sides(median)))["data"]["image_size"] == size


def test_images_that_are_not_square_keep_their_shape() -> None:
    assert written(surveyed(sides=sides(100, oblong=0.9)))["data"]["resize"] == "pad"
    assert written(surveyed(sides=sides(100, oblong=0.1)))["data"]["resize"] == "stretch"


def test_where_no_image_can_be_looked_at_the_default_is_taken() -> None:
    assert written(surveyed(sides=None))["data"]["image_size"] == 128


@pytest.mark.parametrize(
    ("images", "target"), [(24, None), (1_000, 0.9), (1_920, 0.95), (12_000, None)]
)
def test_no_more_is_asked_for_than_so_many_images_can_show(
    images: int, target: float | None
) -> None:
    found = surveyed(classes={"ig": images // 2, "mo": images // 2})
    assert written(found)["evaluation"].get("target_accuracy") == target
    calibrating = {"train": images, "calibration": 5_000, "test": 500}
    given = surveyed(classes=found.classes, parts=calibrating)
    assert "target_accuracy" not in written(given)["evaluation"]


def grouped(groups: int, *, divided: int = 0) -> GroupGuess:
    return GroupGuess(
        pattern=r"patient(?P<patient>\d+)",
        kind="patient",
        where="the name",
        is_named=True,
        groups=groups,
        fewest=groups,
        divided=divided,
        example="7",
    )


def test_images_of_few_patients_show_no_more_than_these_can() -> None:
    many = surveyed(classes={"ig": 20_000, "mo": 20_000})
    assert "target_accuracy" not in written(many)["evaluation"]
    few = surveyed(classes=many.classes, groups=grouped(1_920))
    assert written(few)["evaluation"]["target_accuracy"] == 0.95
    assert "4,000 images or so, of 192 patients, could" in in_one_line(few)


def test_a_given_calibration_part_that_is_not_kept_does_not_count() -> None:
    parts = {"train": 1_000, "calibration": 5_000, "test": 500}
    few = surveyed(classes={"ig": 3_250, "mo": 3_250}, parts=parts, groups=grouped(960, divided=3))
    assert written(few)["evaluation"]["target_accuracy"] == 0.9


def test_a_calibration_part_is_taken_out_of_what_is_not_in_another_one() -> None:
    parts = {"train": 500, "test": 20_000}
    found = surveyed(classes={"ig": 10_250, "mo": 10_250}, parts=parts)
    assert "59 images or so could not show" in in_one_line(found)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@settings(max_examples=25)
@given(
    classes=st.dictionaries(names, st.integers(1, 5000), min_size=2, max_size=6),
    folder=names,
    divided=st.booleans(),
)
def test_whatever_things_are_called_the_experiment_can_be_run(
    classes: dict[str, int], folder: str, divided: bool
) -> None:
    parts = {"train": 5, "test": 3} if divided else {}
    found = surveyed(classes=classes, folder=Path(folder), parts=parts)
    left_out = written(found)["data"]["classes"].get("leave_out", [])
    assert [*found.too_small] == left_out
    assert len(classes) - len(left_out) >= 2


def of(*ids: str) -> Samples:
    samples = tuple(Sample(id=name, label=name.partition("/")[0], path=name) for name in ids)
    return Samples(samples=samples, classes=tuple(sorted({one.label for one in samples})))


@pytest.mark.parametrize(
    ("pattern", "kind", "is_named"),
    [
        ("{label}/Patient 0{group}_{number}.png", "patient", True),
        ("{label}/donor{group}-{number}.png", "patient", True),
        ("{label}/smear_{group}/{number}.png", "slide", True),
        ("{label}/{group}x/{number}.png", "group", False),
        ("{label}/C{group}P9ThinF_{number}.png", "group", False),
        ("{label}/{group}_{number}.png", "group", False),
    ],
)
def test_groups_are_seen_in_names_whether_they_say_so_or_not(
    pattern: str, kind: str, is_named: bool
) -> None:
    ids = [
        pattern.format(label=label, group=number % 4, number=number)
        for label in ("ig", "mo")
        for number in range(12)
    ]
    found = guess_groups(of(*ids))
    assert found is not None
    assert (found.kind, found.is_named) == (kind, is_named)
    assert (found.groups, found.fewest, found.divided) == (4, 4, 0)


@pytest.mark.parametrize("pattern", ["{label}/BA_{number}.jpg", "{label}/{label}_{number}.png"])
def test_numbers_that_do_not_repeat_and_names_of_classes_are_no_groups(pattern: str) -> None:
    ids = [pattern.format(label=label, number=n) for label in ("ig", "mo") for n in range(12)]
    assert guess_groups(of(*ids)) is None
