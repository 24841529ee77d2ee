"""The page of new images: what needs a person first, and the count of each specimen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from cellclf import __version__
from cellclf.data.called import sample_called
from cellclf.evaluation.drift import Drift
from cellclf.evaluation.prediction_files import Sidecar
from cellclf.evaluation.predictions import UNIDENTIFIED
from cellclf.evaluation.specimens import Specimen
from cellclf.reporting.pages import environment, write_page
from cellclf.reporting.pictures import thumbnail

__all__ = ["BatchPage", "write_batch_page"]

PICTURES_SHOWN = 48
"""Cells of the review list that are shown, so that a page of any batch stays below about 0.5 MB."""

PICTURES_OPEN = 12
"""Those of them that lie open, so that the counts are not far down; the others unfold."""

FOLDERS_SHOWN = 10
UNREADABLE_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class BatchPage:
    """What the page says.

    Attributes:
        sidecar: What is known of the model; `None` where nothing is.
        written: When it was.
        folders: Where they are.
        images: Images that could be read.
        drift: How they look beside those of training; `None` where that is not known.
        notes: What a reader must know of the model and the images, a sentence each.
        listed: The review list, as `cellclf.evaluation.review.review_list` has it.
        review_file: Where all of it is; empty where it was not written.
        calibrated: The model says which answers a person should look at.
        threshold: A confidence was found from which on answers do without a person.
        specimens: Their counts.
        corrected: Shares of some specimen are corrected for what the model confuses.
        uncorrected: Why others are not, a sentence each.
        reviewed: Cells whose answer is a reviewer's.
        source: Where the usual ranges come from; empty where there are none.
        unreadable: Reason by path, for files that gave no image.
    """

    sidecar: Sidecar | None
    written: datetime
    folders: tuple[str, ...]
    images: int
    drift: Drift | None
    notes: tuple[str, ...]
    listed: pd.DataFrame
    review_file: str
    calibrated: bool
    threshold: bool
    specimens: tuple[Specimen, ...]
    corrected: bool
    source: str
    unreadable: Mapping[str, str]
    uncorrected: tuple[str, ...] = ()
    reviewed: int = 0

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
            picture=thumbnail(sample_called(str(row["path"]))),
        )
        for row in page.listed.head(PICTURES_SHOWN).to_dict("records")
    ]
    rendered = (
        environment()
        .get_template("batch.html")
        .render(
            page=page,
            shown=shown,
            open=PICTURES_OPEN,
            folders_shown=FOLDERS_SHOWN,
            unidentified=UNIDENTIFIED,
            unreadable=list(page.unreadable.items())[:UNREADABLE_SHOWN],
            version=__version__,
        )
    )
    write_page(path, rendered)
