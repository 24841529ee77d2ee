"""The card of a model that comes with a plugin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cellclf.reporting.shipped_card import ShippedFacts, shipped_card

FACTS = ShippedFacts(
    name="tiny_cells",
    file="tiny_cells.safetensors",
    size=2_531_312,
    sha256="0" * 64,
    weights="kernels in float16.",
    licence="CC BY 4.0",
    citation="Nobody (2026). Cells.",
    homepage="https://example.org",
    elsewhere="",
)

CARD = """# Model card: custom_cnn

Run: cells: custom_cnn

**Leaky split: every figure looks better than it is.**

## Model details

- Seed: 0

## Caveats and recommendations

- Limits: many
"""


def test_what_the_run_warns_of_stays_above_all_chapters() -> None:
    head, _, rest = shipped_card(CARD, FACTS).partition("\n## ")
    assert head.startswith("# Model card: tiny_cells\n")
    assert "**Leaky split: every figure looks better than it is.**" in head
    assert "Run: cells" not in head + rest


def test_each_chapter_stands_once_and_the_caveats_stand_last() -> None:
    card = shipped_card(CARD, FACTS)
    chapters = [line for line in card.splitlines() if line.startswith("## ")]
    assert chapters == [
        "## The file",
        "## Data, licence and attribution",
        "## Model details",
        "## Other laboratories",
        "## Caveats and recommendations",
    ]
    assert card.endswith("- Limits: many\n")
    assert "\n\n\n" not in card
    assert "Nobody (2026). Cells. https://example.org\n" in card


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("# One\n\n## Two", "### One\n\n#### Two"),
        ("## Two\ntext", "### Two\ntext"),
        ("- no heading", "- no heading"),
        ("#### Four\n##### Five", "### Four\n#### Five"),
        ("# One\n\n```sh\n# no heading\n```", "### One\n\n```sh\n# no heading\n```"),
    ],
)
def test_headings_of_what_was_measured_elsewhere_stand_below_its_chapter(
    told: str, shown: str
) -> None:
    card = shipped_card(CARD, replace(FACTS, elsewhere=f"\n{told}\n"))
    assert f"## Other laboratories\n\n{shown}\n\n## Caveats" in card
