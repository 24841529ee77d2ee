"""Usual ranges, as a user gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cellclf.errors import DataError
from cellclf.evaluation.reference import read_reference

GOOD = (
    'source = " Our procedure 12 "\n[ranges]\neosinophil = [1, 6]\n"band, segmented" = [40, 75.5]\n'
)


def written(folder: Path, text: str) -> Path:
    (folder / "usual.toml").write_text(text, encoding="utf-8")
    return folder / "usual.toml"


def test_ranges_are_read_in_per_cent_with_their_source(tmp_path: Path) -> None:
    found = read_reference(written(tmp_path, GOOD))
    assert found.source == "Our procedure 12"
    assert found.ranges["band, segmented"] == pytest.approx((0.4, 0.755))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.0, 0.005, "below"),
        (0.02, 0.05, "within"),
        (0.01, 0.06, "within"),
        (0.07, 0.2, "above"),
        (0.005, 0.03, "open"),
        (0.05, 0.08, "open"),
        (0.0, 0.5, "open"),
        (float("nan"), float("nan"), ""),
    ],
)
def test_a_share_is_where_its_whole_interval_is(
    tmp_path: Path, low: float, high: float, said: str
) -> None:
    usual = read_reference(written(tmp_path, GOOD))
    assert usual.compared("eosinophil", low, high) == said
    assert usual.compared("basophil", low, high) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[ranges]\na = [1, 2]\n", "source: Field required"),
        ('source = " "\n[ranges]\na = [1, 2]\n', "must name the source"),
        ('source = ""\n[ranges]\na = [1, 2]\n', "source: "),
        ('source = "x"\n', "ranges: Field required"),
        ('source = "x"\n[ranges]\n', "ranges: "),
        ('source = "x"\n[ranges]\na = [2, 1]\n', "the lower first. Received: a = "),
        ('source = "x"\n[ranges]\na = [1, 200]\n', "from 0 to 100 %"),
        ('source = "x"\n[ranges]\na = [1]\n', "ranges.a"),
        ('source = "x"\nunit = "%"\n[ranges]\na = [1, 2]\n', "unit: "),
        ("a, b\n1, 2\n", "must be TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_reference(written(tmp_path, text))
    with pytest.raises(DataError, match=r"none\.toml cannot be read: No such file or directory$"):
        read_reference(tmp_path / "none.toml")


def test_a_range_of_another_class_is_refused(tmp_path: Path) -> None:
    usual = read_reference(written(tmp_path, GOOD))
    with pytest.raises(DataError, match="Did you mean 'eosinophils'"):
        usual.require(["eosinophils", "band, segmented"])


@pytest.mark.parametrize("name", ["eosinophil", "band, segmented"])
def test_a_range_of_all_or_of_the_ends_is_one(tmp_path: Path, name: str) -> None:
    text = f'source = "x"\n[ranges]\n"{name}" = [0, 100]\n'
    found = read_reference(written(tmp_path, text))
    assert found.ranges == {name: (0.0, 1.0)}
    assert found.compared(name, 0.0, 1.0) == "within"
    found.require(["other", name])


@pytest.mark.parametrize("limits", [(-1, 5), (5, 5), (0, 100.5), (float("nan"), 5)])
def test_a_range_that_is_none_is_named(tmp_path: Path, limits: tuple[float, float]) -> None:
    low, high = limits
    text = f'source = "x"\n[ranges]\nb = [1, 2]\na = [{low}, {high}]\n'
    with pytest.raises(DataError, match=rf"usual\.toml must be .* a = \[{low:g}, {high:g}\]$"):
        read_reference(written(tmp_path, text))


def test_a_file_that_says_several_wrong_things_names_all(tmp_path: Path) -> None:
    text = 'source = 7\nunit = "%"\n[ranges]\na = [1]\nb = [1, "x"]\n'
    with pytest.raises(DataError) as refused:
        read_reference(written(tmp_path, text))
    said = str(refused.value)
    assert said.startswith(f"{tmp_path / 'usual.toml'} must say source = ")
    named = said.partition("Received: ")[2].split("; ")
    assert [one.partition(": ")[0] for one in named] == [
        "source",
        "ranges.a.1",
        "ranges.b.1",
        "unit",
    ]


def test_letters_of_any_language_are_read(tmp_path: Path) -> None:
    found = read_reference(written(tmp_path, 'source = "Ä"\n[ranges]\n"白" = [1, 2]\n'))
    assert found.source == "Ä"
    assert list(found.ranges) == ["白"]


def test_a_share_at_the_end_of_its_range_is_not_beyond_it(tmp_path: Path) -> None:
    usual = read_reference(written(tmp_path, GOOD))
    assert usual.compared("eosinophil", 0.0, 0.01) == "open"
    assert usual.compared("eosinophil", 0.06, 0.2) == "open"


def test_the_classes_that_there_are_are_named_where_a_range_is_of_none(tmp_path: Path) -> None:
    usual = read_reference(written(tmp_path, GOOD))
    with pytest.raises(DataError, match=r"one of x, eosinophil\. Received: 'band, segmented'\.$"):
        usual.require(["x", "eosinophil"])
