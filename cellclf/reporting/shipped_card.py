"""The card of a trained model that comes with a plugin: that of its run, and what the run lacks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cellclf.reporting.card import NOT_STATED

__all__ = ["ShippedFacts", "shipped_card"]

CAVEATS = "## Caveats and recommendations"
"""The last chapter of a run's card, before which what was measured elsewhere stands."""

BELOW_CHAPTER = 3
"""Marks of the highest heading within a chapter."""

HEADING_OR_CODE = re.compile(r"^(```|~~~).*?^\1|^(?P<marks>#+) ", re.MULTILINE | re.DOTALL)
"""A block of code, in which a # begins no heading, or the beginning of a heading."""


@dataclass(frozen=True, kw_only=True)
class ShippedFacts:
    """What is known of a file that is shipped.

    Attributes:
        name: What the model is called.
        file: Name of its file.
        size: Bytes of the file.
        sha256: Hash of the file, hexadecimal.
        weights: How its weights are kept, and how far its answers are from those of its run.
        licence: Licence of the images that it was trained on.
        citation: How to cite them.
        homepage: Where they are published; may be empty.
        elsewhere: What came of it on images of other laboratories, Markdown; empty where nobody
            has measured it.
    """

    name: str
    file: str
    size: int
    sha256: str
    weights: str
    licence: str
    citation: str
    homepage: str
    elsewhere: str


def shipped_card(card: str, facts: ShippedFacts) -> str:
    """Return the card of a shipped model, Markdown.

    Args:
        card: That of its run, as `cellclf.reporting.card.write_card` wrote it.
        facts: What the run does not know.
    """
    head, _, chapters = card.partition("\n## ")
    # Of a run whose figures mean less than they seem to, its card says so above all chapters.
    warnings = [line for line in head.splitlines() if line.startswith("**")]
    before, caveats, after = f"## {chapters}".partition(CAVEATS)
    parts = [_first(facts, warnings), before.rstrip(), _elsewhere(facts), f"{caveats}{after}"]
    return "\n\n".join(parts)


def _first(facts: ShippedFacts, warnings: Sequence[str]) -> str:
    address = f" {facts.homepage}" if facts.homepage else ""
    lines = [
        f"# Model card: {facts.name}",
        *(f"\n{said}" for said in ("**Not for clinical use.**", *warnings)),
        "",
        f"`cellclf predict {facts.name} IMAGES` uses this model. Its figures are those of the run "
        "that trained it, on a test part that nothing was fitted to or chosen by.",
        "",
        "## The file",
        "",
        f"- File: `{facts.file}`, {facts.size:,} bytes",
        f"- SHA-256: `{facts.sha256}`",
        f"- Weights: {facts.weights}",
        "",
        "## Data, licence and attribution",
        "",
        f"- Licence of the images: {facts.licence}",
        f"- Attribution: {facts.citation}{address}",
        "- Changes: the images were resized and varied for training; none of them is in the file.",
    ]
    return "\n".join(lines)


def _elsewhere(facts: ShippedFacts) -> str:
    said = facts.elsewhere.strip() or f"- Images of other laboratories: **{NOT_STATED}**"
    return f"## Other laboratories\n\n{_below_chapter(said)}"


def _below_chapter(text: str) -> str:
    """Markdown whose headings, outside of code, stand below a chapter."""
    found = [one["marks"] for one in HEADING_OR_CODE.finditer(text) if one["marks"]]
    lower = BELOW_CHAPTER - min(map(len, found), default=0)
    return HEADING_OR_CODE.sub(
        lambda one: f"{'#' * (len(one['marks']) + lower)} " if one["marks"] else one[0], text
    )
