"""The pages in a real browser: what a reader, a screen reader and a printer get of them.

Any Chromium will do; the driver is Playwright's, without the browsers that it would fetch.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cellclf.pipeline.finished import FinishedRun

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP, TELEPHONE = 1280, 390
A4_COLUMN = 182 * 96 / 25.4
"""Pixels between the margins of a printed page."""

FILES = ("report.html", "audit.html")
SERIOUS = ("serious", "critical")

UNNAMED = """() => [...document.querySelectorAll('img, svg')]
    .filter(one => !(one.getAttribute('alt') || one.getAttribute('aria-label')
        || one.closest('[aria-hidden=true]'))).length"""
BROKEN = "() => [...document.images].filter(one => !one.naturalWidth).length"
OPEN_ALL = "() => document.querySelectorAll('details').forEach(one => { one.open = true })"
TOO_WIDE = """([column, kinds]) => [...document.querySelectorAll(kinds)]
    .filter(one => one.getBoundingClientRect().right > column + 1 || one.scrollWidth > column + 1)
    .map(one => one.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    driver = pytest.importorskip("playwright.sync_api", reason="the driver is not installed")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser is installed: none of {', '.join(NAMES)}")
    with driver.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture(params=FILES)
def page_file(request: pytest.FixtureRequest, full_run: FinishedRun) -> Path:
    return full_run.path / str(request.param)


class Opened:
    """A page of a browser, with what it asked for and complained of."""

    def __init__(self, browser: Browser, file: Path, width: int) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 900})
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on(
            "console",
            lambda message: self.said.append(message.text) if message.type == "error" else None,
        )
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.address = file.resolve().as_uri()
        self.page.goto(self.address)

    def wider_than(self, column: float, kinds: str) -> list[str]:
        """Return the beginning of each element of some kinds that reaches out of a column."""
        return list(self.page.evaluate(TOO_WIDE, [column, kinds]))

    def find(self, script: str, argument: Any = None) -> Any:
        """Return what a script finds in the page."""
        return self.page.evaluate(script, argument)


@pytest.mark.parametrize("width", [DESKTOP, TELEPHONE])
def test_a_page_opens_without_complaint_and_asks_for_nothing(
    browser: Browser, page_file: Path, width: int
) -> None:
    opened = Opened(browser, page_file, width)
    opened.find(OPEN_ALL)
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith("data:")] == [opened.address]
    assert opened.find("() => document.images.length") > 0
    assert opened.find(BROKEN) == 0
    assert opened.find(UNNAMED) == 0


@pytest.mark.parametrize("width", [DESKTOP, TELEPHONE])
def test_axe_finds_no_serious_violation(browser: Browser, page_file: Path, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    opened = Opened(browser, page_file, width)
    opened.find(OPEN_ALL)
    found = axe.Axe().run(opened.page).response
    assert found["passes"] or found["violations"]
    assert [
        (one["id"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ] == []


@pytest.mark.parametrize("width", [TELEPHONE, 480, 768, DESKTOP])
def test_no_page_scrolls_sideways(browser: Browser, page_file: Path, width: int) -> None:
    opened = Opened(browser, page_file, width)
    opened.find(OPEN_ALL)
    assert opened.find("() => document.documentElement.scrollWidth") <= width


def test_the_chart_of_the_background_fits_a_telephone(
    browser: Browser, full_run: FinishedRun
) -> None:
    opened = Opened(browser, full_run.path / "audit.html", TELEPHONE)
    assert opened.find("() => document.querySelectorAll('figure img').length") == 1
    assert opened.wider_than(TELEPHONE, "figure, figure *") == []


def test_nothing_is_cut_off_on_paper(browser: Browser, page_file: Path) -> None:
    opened = Opened(browser, page_file, round(A4_COLUMN))
    opened.page.emulate_media(media="print")
    opened.find(OPEN_ALL)
    assert opened.wider_than(A4_COLUMN, "table, figure, img, dl, pre, p, li") == []
    printed = opened.page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) > 1


def test_headings_go_down_by_one_level_at_a_time(browser: Browser, page_file: Path) -> None:
    opened = Opened(browser, page_file, DESKTOP)
    levels = opened.find(
        "() => [...document.querySelectorAll('h1, h2, h3, h4')].map(one => +one.tagName[1])"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_reader_is_led_from_the_verdict_to_the_checklists(
    browser: Browser, full_run: FinishedRun
) -> None:
    opened = Opened(browser, full_run.report, DESKTOP)
    sections = opened.find("() => [...document.querySelectorAll('main > section')].map(s => s.id)")
    assert sections == [
        "verdict",
        "figures",
        "mistakes",
        "certainty",
        "refuses",
        "others",
        "data",
        "method",
        "card",
        "checklists",
    ]
    links = opened.find("() => [...document.querySelectorAll('nav a')].map(a => a.hash.slice(1))")
    assert set(sections) <= set(links)
    assert opened.find("(ids) => ids.every(id => document.getElementById(id))", links)
