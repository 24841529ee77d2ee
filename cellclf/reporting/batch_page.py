"""The page of new images: what needs a person first, and the count of each specimen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cellclf import __version__
from cellclf.data.samples import Sample
from cellclf.evaluation.drift import Drift
from cellclf.evaluation.specimens import Specimen
from cellclf.reporting.pages import environment, write_page
from cellclf.reporting.pictures import thumbnail

__all__ = ["BatchPage", "write_batch_page"]

PICTURES_SHOWN = 48
"""Cells of the review list that are shown, so that a page of any batch stays below about 0.5 MB."""

UNREADABLE_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class BatchPage:
    """What the page says.

    Attributes:
        model: What the model is called.
        images: Images that could be read.
        drift: How they look beside those of training; `None` where that is not known.
        notes: What a reader must know of the model and the images, a sentence each.
        listed: The review list, as `cellclf.evaluation.review.review_list` has it.
        review_file: Where all of it is; empty where it was not written.
        calibrated: The model says which answers a person should look at.
        specimens: Their counts.
        corrected: Shares are corrected for what the model confuses.
        source: Where the usual ranges come from; empty where there are none.
        unreadable: Reason by path, for files that gave no image.
    """

    model: str
    images: int
    drift: Drift | None
    notes: tuple[str, ...]
    listed: pd.DataFrame
    review_file: str
    calibrated: bool
    specimens: tuple[Specimen, ...]
    corrected: bool
    source: str
    unreadable: Mapping[str, str]

    @property
    def unidentified(self) -> int:
        """Cells that are none of the classes."""
        return sum(one.unidentified for one in self.specimens)


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """One cell of the review list.

    Attributes:
        row: Its row of the list.
        picture: JPEG bytes; empty where the file cannot be read any more.
    """

    row: Mapping[str, object]
    picture: bytes


def write_batch_page(path: Path, page: BatchPage) -> None:
    """Write the page as one HTML file; it appears whole or not at all.

    Pictures are read anew from where the images are, at most `PICTURES_SHOWN` of them.

    Raises:
        RunError: The place cannot be written to.
    """
    shown = [
        _Shown(
            row={str(name): cell for name, cell in row.items()},
            picture=thumbnail(Sample(id=str(row["path"]), label="", path=str(row["path"]))),
        )
        for row in page.listed.head(PICTURES_SHOWN).to_dict("records")
    ]
    rendered = (
        environment()
        .get_template("batch.html")
        .render(
            page=page,
            shown=shown,
            unreadable=list(page.unreadable.items())[:UNREADABLE_SHOWN],
            version=__version__,
        )
    )
    write_page(path, rendered)
