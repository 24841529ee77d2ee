"""The map of rooms on the page of the architecture is the code's, and can be read."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest

from tests.docs.snippets import ROOT
from tests.test_imports import BELOW, GROUND, core_modules, rooms_imported

PAGE = ROOT / "docs" / "explanation" / "architecture.md"
STEPS = 400
"""Points of a line that are looked at."""

CLEARANCE = 6
"""Pixels between an arrow and a room that it does not mean."""


@pytest.fixture(scope="module")
def house() -> Iterator[ModuleType]:
    """The module that mkdocs calls to draw the map."""
    spec = importlib.util.spec_from_file_location("house", ROOT / "docs/hooks/house.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["house"] = module  # dataclasses look for it there
    spec.loader.exec_module(module)
    yield module
    del sys.modules["house"]


def on_the_ground(room: str) -> str:
    return "ground" if room in GROUND else room


def test_its_rooms_and_imports_are_those_of_the_code(house: ModuleType) -> None:
    imports: dict[str, set[str]] = {}
    for path, module in core_modules():
        if module in house.NOT_ROOMS:
            continue
        room = on_the_ground(module)
        below = {on_the_ground(one) for one in rooms_imported(path)} - {room, "__init__"}
        imports.setdefault(room, set()).update(below)
    assert {name: set(room.imports) for name, room in house.rooms().items()} == imports
    assert set(imports) == {*BELOW, "ground", "cli"}


def test_every_import_is_an_arrow_or_follows_from_arrows(house: ModuleType) -> None:
    below: dict[str, set[str]] = {}
    for name, other in house.arrows():
        below.setdefault(name, set()).add(other)

    def reached(name: str) -> set[str]:
        near = below.get(name, set())
        return near.union(*(reached(other) for other in near))

    for name, room in house.rooms().items():
        assert room.imports <= reached(name)
        assert below.get(name, set()) <= room.imports


def test_every_arrow_points_down_and_runs_through_no_other_room(house: ModuleType) -> None:
    boxes = house.places()
    for name, below in house.arrows():
        start, end = boxes[name], boxes[below]
        assert start.bottom < end.top
        aim = start.middle if below == house.GROUND else end.middle
        along = np.linspace(0, 1, STEPS)
        x = start.middle + along * (aim - start.middle)
        y = start.bottom + along * (end.top - start.bottom)
        for other in boxes.keys() - {name, below}:
            box = boxes[other]
            inside = (np.abs(x - box.middle) < box.width / 2 + CLEARANCE) & (
                np.abs(y - (box.top + box.bottom) / 2) < house.HEIGHT / 2 + CLEARANCE
            )
            assert not inside.any(), f"{name} -> {below} runs through {other}"


def test_no_two_rooms_overlap(house: ModuleType) -> None:
    floors: dict[float, list[tuple[float, float]]] = {}
    for box in house.places().values():
        floors.setdefault(box.top, []).append((box.left, box.left + box.width))
    for spans in floors.values():
        assert all(left[1] < right[0] for left, right in pairwise(sorted(spans)))


def test_the_page_shows_map_and_table_with_every_room(house: ModuleType) -> None:
    shown = house.on_page_markdown(PAGE.read_text(encoding="utf-8"))
    assert "<!-- drawn" not in shown
    assert shown.count("<line ") == len(house.arrows())
    for name, room in house.rooms().items():
        assert re.search(rf"<text [^>]*>{name}</text>", shown)
        assert f"| `{name}` | {room.about} |" in shown
        assert room.about.endswith(".")


def test_every_place_that_the_page_sends_a_reader_to_is_there() -> None:
    _, _, table = PAGE.read_text(encoding="utf-8").partition("## Where to look")
    named = re.findall(r"`([\w/]+(?:\.py|/))`", table)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / "cellclf" / name).exists()] == []
