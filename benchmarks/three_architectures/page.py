"""The page of the documentation: what stands between its two markers is made here."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.three_architectures.kept import Kept, read
from benchmarks.three_architectures.plots import curves, figures
from benchmarks.three_architectures.tables import accuracies, costs, differences
from cellclf.files import write_bytes, write_text
from cellclf.reporting.figures import as_svg

__all__ = ["results_in_words", "show"]

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
BETWEEN = re.compile(f"(?<={BEGIN}\n).*?(?={END})", re.DOTALL)

PLOTS = {"figures": figures, "curves": curves}


def show(results: Path, page: Path) -> None:
    """Make the tables and plots of `page` anew from what is kept in `results`.

    Raises:
        SystemExit: The page has no place for them.
    """
    kept = read(results)
    text = page.read_text(encoding="utf-8")
    if not BETWEEN.search(text):
        raise SystemExit(f"{page} must have a line {BEGIN} and a line {END}")
    made = results_in_words(kept, stem=page.stem)
    write_text(page, BETWEEN.sub(lambda _: made, text))
    if kept is not None:
        for name, draw in PLOTS.items():
            write_bytes(page.with_name(f"{page.stem}-{name}.svg"), as_svg(draw(kept)))
    print(made)


def results_in_words(kept: Kept | None, *, stem: str) -> str:
    """What stands between the markers; `stem` is what the files of the plots begin with."""
    if kept is None:
        return "\nNo run is kept yet.\n\n"
    caption = f"*{kept.caption}*"
    parts = [
        caption,
        f"![Test figures of every training, with intervals]({stem}-figures.svg)",
        accuracies(kept),
        "In brackets: 95 % intervals over test images, which say nothing of another training. SD: "
        "standard deviation over seeds.",
    ]
    compared = differences(kept)
    if compared:
        parts += [
            "### Pairs",
            caption,
            compared,
        ]
    parts += [
        "### How they learnt",
        caption,
        f"![Validation accuracy over epochs and over seconds]({stem}-curves.svg)",
        "### What they cost",
        f"{caption} Images a second; the middle of all trainings of a network.",
        costs(kept),
    ]
    return "\n" + "\n\n".join(parts) + "\n\n"
