"""What all HTML pages are made with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from cellclf.auditing.summary import how_severe
from cellclf.files import write_bytes
from cellclf.reporting import wording
from cellclf.reporting.figures import data_uri
from cellclf.reporting.style import OVERRIDING, legible
from cellclf.terms import counted

__all__ = ["environment", "write_page"]


@cache
def environment() -> Environment:
    """Return the templates' surroundings: everything that is put into a page is escaped."""
    made = Environment(
        loader=PackageLoader("cellclf.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        advice=wording.advice,
        data_uri=data_uri,
        how_severe=how_severe,
        is_share=wording.is_share,
        label=wording.label,
        legible=legible,
        number=wording.number,
        percent=wording.percent,
        sentence=wording.sentence,
        span=wording.span,
        spell=wording.spell,
    )
    made.globals.update(counted=counted)
    return made


def write_page(path: Path, page: str) -> None:
    """Write a rendered page; it appears whole or not at all.

    What overrides the direction of writing is replaced wherever it stands, and so are bytes of a
    file name that are no text: a page must not fail over one.

    Raises:
        RunError: The place cannot be written to.
    """
    replaced = dict.fromkeys(map(ord, OVERRIDING), "\N{REPLACEMENT CHARACTER}")
    plain = page.lstrip().translate(replaced)
    write_bytes(Path(path), plain.encode("utf-8", errors="replace"))
