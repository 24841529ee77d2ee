"""The map of the core's rooms, drawn from the imports in the code when the site is built.

A page says where by `<!-- drawn: house -->`, and by `<!-- drawn: rooms -->` for the table.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["GROUND", "Room", "arrows", "on_page_markdown", "places", "rooms"]

PACKAGE = Path(__file__).resolve().parents[2] / "cellclf"
MARKER = re.compile(r"^<!-- drawn: (house|rooms) -->$", re.MULTILINE)

GROUND = "ground"
"""What stands for the modules that lie directly in the package."""

NOT_ROOMS = ("__init__", "__main__")
"""Modules that only name others."""

COLUMNS = {
    "cli": 3.4,
    "beginning": 1.1,
    "judging": 2.1,
    "pipeline": 0.95,
    "counting": 2.6,
    "testing": 4.7,
    "inference": 2.6,
    "reporting": 0.9,
    "training": 2.65,
    "engines": 3.5,
    "doctor": 4.35,
    "auditing": 0.1,
    "builtin": 1.85,
    "network": 3.1,
    "evaluation": 0.5,
    "data": 1.8,
    "scaffold": 5.7,
    GROUND: 2.85,
}
"""Where a room stands from left to right; how high, its imports say."""

WIDTH, HEIGHT = 114, 46
COLUMN, FLOOR = 150, 100
MARGIN = 12


@dataclass(frozen=True, kw_only=True)
class Room:
    """A package of the core, or the ground that all stand on.

    Attributes:
        about: What it is for: the first line of its docstring.
        modules: How many modules it has.
        imports: The rooms that its modules import.
    """

    about: str
    modules: int
    imports: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a room is drawn: its box, in pixels."""

    left: float
    top: float
    width: float

    @property
    def middle(self) -> float:
        """Halfway between its sides."""
        return self.left + self.width / 2

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + HEIGHT


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the markers of a page; mkdocs calls this for each."""
    return MARKER.sub(lambda found: drawing() if found[1] == "house" else table(), markdown)


@cache
def rooms() -> Mapping[str, Room]:
    """Return every room by its name, read from the code."""
    modules: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        first, *rest = path.relative_to(PACKAGE).parts
        room = first if rest else GROUND
        if rest or path.stem not in NOT_ROOMS:
            modules.setdefault(room, []).append(path)
    found = {}
    for name, paths in modules.items():
        imported = {room for path in paths for room in _imported(path)}
        found[name] = Room(
            about=_about(name),
            modules=sum(path.stem != "__init__" for path in paths),
            imports=frozenset(imported - {name}),
        )
    return found


def arrows() -> list[tuple[str, str]]:
    """Return who imports whom, without what follows from other arrows."""
    return [
        (name, below)
        for name, room in rooms().items()
        for below in sorted(room.imports)
        if not any(_reaches(other, below) for other in room.imports - {below})
    ]


def places() -> Mapping[str, Place]:
    """Return where each room is drawn, importers above what they import."""
    top = max(_floor(name) for name in rooms())
    width = (max(COLUMNS.values()) - min(COLUMNS.values())) * COLUMN + WIDTH
    found = {}
    for name in rooms():
        left, wide = MARGIN + COLUMNS[name] * COLUMN, float(WIDTH)
        if name == GROUND:
            left, wide = MARGIN, width
        found[name] = Place(left=left, top=MARGIN + (top - _floor(name)) * FLOOR, width=wide)
    return found


def drawing() -> str:
    """Return the map as SVG, in the colours of the page."""
    boxes = places()
    width = max(box.left + box.width for box in boxes.values()) + MARGIN
    height = max(box.bottom for box in boxes.values()) + MARGIN
    lines = [
        f'<div class="house"><svg viewBox="0 0 {width:g} {height:g}" role="img" '
        'aria-labelledby="house-title house-about" xmlns="http://www.w3.org/2000/svg">',
        '<title id="house-title">The rooms of the core, and which imports which</title>',
        f'<desc id="house-about">{_in_words()}</desc>',
        '<defs><marker id="house-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>',
    ]
    for name, below in arrows():
        start, end = boxes[name], boxes[below]
        aim = start.middle if below == GROUND else end.middle
        lines.append(
            f'<line x1="{start.middle:g}" y1="{start.bottom:g}" x2="{aim:g}" y2="{end.top - 1:g}" '
            'marker-end="url(#house-tip)"/>'
        )
    for name, box in boxes.items():
        lines += [
            f'<rect x="{box.left:g}" y="{box.top:g}" width="{box.width:g}" height="{HEIGHT}" '
            'rx="5"/>',
            f'<text x="{box.middle:g}" y="{box.top + 20:g}">{name}</text>',
            f'<text x="{box.middle:g}" y="{box.top + 37:g}" class="small">'
            f"{rooms()[name].modules} modules</text>",
        ]
    return "\n".join([*lines, "</svg></div>"])


def table() -> str:
    """Return every room with what it is for and all that it imports, highest first."""
    lines = ["| room | what is in it | imports |", "| --- | --- | --- |"]
    for name in sorted(rooms(), key=lambda one: (-_floor(one), COLUMNS[one])):
        room = rooms()[name]
        below = ", ".join(f"`{one}`" for one in sorted(room.imports)) or "nothing of cellclf"
        lines.append(f"| `{name}` | {room.about} | {below} |")
    return "\n".join(lines)


def _imported(path: Path) -> Iterator[str]:
    """Yield the room of every module of the core that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, *rest = name.split(".")
            if first != PACKAGE.name or not rest:
                continue
            if (PACKAGE / rest[0]).is_dir():
                yield rest[0]
            elif (PACKAGE / f"{rest[0]}.py").exists():
                yield GROUND


def _about(name: str) -> str:
    if name == GROUND:
        return "Modules of the package itself: terms, errors, specs, files, registry, experiment."
    text = (PACKAGE / name / "__init__.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]


def _reaches(name: str, below: str) -> bool:
    imports = rooms()[name].imports
    return below in imports or any(_reaches(other, below) for other in imports)


@cache
def _floor(name: str) -> int:
    """One more than the highest room that it imports; the ground is 0."""
    return max((_floor(below) + 1 for below in rooms()[name].imports), default=0)


def _in_words() -> str:
    return " ".join(f"{name} imports {below}." for name, below in arrows())
