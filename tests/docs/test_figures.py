"""What README and the comparison claim stands among the benchmarks, with what made it."""

from __future__ import annotations

import re

import pytest

from tests.docs.snippets import ROOT

CLAIMS = (
    ("README.md", "What makes it different"),
    ("docs/explanation/other-tools.md", "With figures"),
)
FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)? %|\d+\.\d+|\d+,\d{3}|\d+ s\b")


def section(page: str, heading: str) -> str:
    text = (ROOT / page).read_text(encoding="utf-8")
    (found,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return str(found)


MADE_BY = re.compile(r"`(?:benchmarks/\w+\.py|python -m benchmarks\.\w+|cellclf [^`]+)`$")


@pytest.mark.parametrize(("page", "heading"), CLAIMS)
def test_every_figure_that_is_claimed_is_a_benchmark(page: str, heading: str) -> None:
    measured = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    known = set(FIGURE.findall(measured)) | set(re.findall(r"\d[\d,.]*\d|\d", measured))
    claimed = FIGURE.findall(section(page, heading))
    assert len(claimed) > 5
    assert [figure for figure in claimed if figure not in known] == []


def test_every_measured_row_of_the_readme_names_what_made_it() -> None:
    rows = re.findall(r"^\| (?!what|---)(.*) \|$", section(*CLAIMS[0]), re.MULTILINE)
    assert rows
    for row in rows:
        assert MADE_BY.search(row), row
