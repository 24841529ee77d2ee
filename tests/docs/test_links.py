"""No link of a page is dead: files, headings and scripts are there, addresses are well formed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.snippets import FENCE, PAGES, ROOT, title_of

LINK = re.compile(r"\]\(<?([^)>\s]+)>?(?: \"[^\"]*\")?\)|^\[[^\]]+\]: (\S+)", re.MULTILINE)
BRACKETED = re.compile(r"<(https?:[^>\s]+)>|(?:src|href)=\"([^\"]+)\"")
HEADING = re.compile(r"^#+ (.*?)(?: \{ ?#([\w-]+) ?\})?$", re.MULTILINE)
GIVEN = re.compile(r"<a id=\"([\w-]+)\"")
OUTSIDE = ("http:", "https:", "mailto:")
NAMED = re.compile(r"`(?:python (?:-m )?)?((?:benchmarks|examples)/[\w/.-]+)")


def without_code(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[str]:
    """Every place that a page points to, in prose, in a picture or in HTML."""
    text = without_code(page)
    for pattern in (LINK, BRACKETED):
        for found in pattern.finditer(text):
            yield next(filter(None, found.groups()))


def anchors(page: Path) -> set[str]:
    """What mkdocs calls the headings of a page."""
    text = without_code(page)
    seen: Counter[str] = Counter()
    names = set(GIVEN.findall(text))
    for heading, given in HEADING.findall(text):
        name = given or slug(heading)
        names.add(f"{name}_{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names


def slug(heading: str) -> str:
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


@pytest.mark.parametrize("page", PAGES, ids=title_of)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith(OUTSIDE):
            continue
        path, _, anchor = link.partition("#")
        target = page if not path else (page.parent / path).resolve()
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=title_of)
def test_every_address_outside_is_well_formed(page: Path) -> None:
    for link in links(page):
        if link.startswith(("http:", "https:")):
            parts = urlsplit(link)
            assert re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", parts.hostname or ""), link
            assert not parts.username, link


@pytest.mark.parametrize("page", PAGES, ids=title_of)
def test_every_script_and_example_that_a_page_names_is_there(page: Path) -> None:
    named = NAMED.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name.rstrip("./")).exists()] == []


@pytest.mark.parametrize("page", [p for p in PAGES if ROOT / "docs" in p.parents], ids=title_of)
def test_a_page_of_the_site_has_one_title_and_no_heading_twice(page: Path) -> None:
    levels = re.findall(r"^(#+) (.*)$", without_code(page), re.MULTILINE)
    assert [level for level, _ in levels].count("#") == 1
    assert levels[0][0] == "#"
    repeated = [name for name, times in Counter(name for _, name in levels).items() if times > 1]
    assert repeated == []
