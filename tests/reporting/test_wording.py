from __future__ import annotations

import pytest

from cellclf.reporting.style import shortened, wrapped
from cellclf.reporting.wording import duration, number, percent


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1.0, "100.0 %"),
        (0.99999, "> 99.9 %"),
        (0.00001, "< 0.1 %"),
        (0.0, "0.0 %"),
        (0.5, "50.0 %"),
    ],
)
def test_only_all_is_called_all_and_only_none_none(share: float, text: str) -> None:
    assert percent(share).replace("\xa0", " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.4, "59.4 s"), (59.97, "1 min 00 s"), (3599.9, "1 h 00 min")],
)
def test_times_carry_over_to_the_next_unit(seconds: float, text: str) -> None:
    assert duration(seconds).replace("\xa0", " ") == text


def test_a_figure_that_does_not_exist_is_a_dash() -> None:
    assert number(float("nan"), "recall") == "–"
    assert number(None) == "–"


@pytest.mark.parametrize("length", [5, 12, 24])
@pytest.mark.parametrize("name", ["x", "band_neutrophil", "immature granulocyte", "a b-c/d_e" * 9])
def test_wrapped_names_fit(name: str, length: int) -> None:
    lines = wrapped(name, length).split("\n")
    assert len(lines) <= 2
    assert all(len(line) <= length for line in lines)
    assert len(shortened(name, length)) <= length
