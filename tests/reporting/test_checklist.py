from __future__ import annotations

import re
from pathlib import Path

import pytest

from cellclf.reporting.checklist import Checklist, checklists
from cellclf.settings import CardSettings
from tests.reporting.pages import page, report

CLAIM = [str(number) for number in range(1, 45)]
PARTS_OF = {3: "abc", 5: "ab", 6: "abc", 8: "abc", 9: "abc", 12: "abcdefg", 18: "abcdef"} | {
    20: "abc",
    23: "ab",
    27: "abc",
}
TRIPOD = [
    f"{number}{part}" for number in range(1, 28) for part in (PARTS_OF.get(number, "") or [""])
]


def numbers(text: str) -> list[str]:
    """Spell out "1, 3 to 5, 18b to 18d and 27"."""
    found: list[str] = []
    for piece in re.split(r", | and ", text):
        first, _, last = piece.partition(" to ")
        if not last:
            found.append(first)
        elif first.isdigit():
            found += [str(number) for number in range(int(first), int(last) + 1)]
        else:
            letters = range(ord(first[-1]), ord(last[-1]) + 1)
            found += [f"{first[:-1]}{chr(letter)}" for letter in letters]
    return found


@pytest.mark.parametrize(("place", "all_items"), [(0, CLAIM), (1, TRIPOD)])
def test_each_item_of_a_guideline_is_answered_or_left_to_the_authors_once(
    place: int, all_items: list[str]
) -> None:
    checklist = checklists(report())[place]
    answered = [number for item in checklist.items for number in numbers(item.number)]
    left = numbers(checklist.others)
    assert sorted([*answered, *left]) == sorted(all_items)


def item(checklist: Checklist, number: str) -> object:
    return next(one for one in checklist.items if one.number == number)


def test_an_item_without_an_answer_says_what_the_authors_must_do() -> None:
    for checklist in checklists(report()):
        assert all(one.said or one.missing or one.see for one in checklist.items)
        assert checklist.open > 5


def test_texts_of_the_experiment_answer_what_was_open(tmp_path: Path) -> None:
    stated = {name: f"about {name}" for name in CardSettings.model_fields}
    before, after = checklists(report()), checklists(report(stated=stated))
    for one, other in zip(before, after, strict=True):
        assert other.open < one.open
        assert not any("card." in item.missing for item in other.items)
    text = page(tmp_path).text
    assert "not stated The authors must fill in card.ethics." in text
    assert "about ethics." in page(tmp_path, stated=stated).text
