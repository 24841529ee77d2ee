"""Findings about files that can be read but may not be what they seem."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellclf.auditing.file_facts import ALPHA, CMYK, DEEP, FORMS, PAGES
from cellclf.auditing.findings import Finding, Severity
from cellclf.data.samples import Sample, Samples
from cellclf.terms import counted

__all__ = ["suspicious_findings"]

SMALLEST_SIDE = 16
"""Pixels without which nothing of a cell can be seen: the smallest image size of an experiment."""

FLATTEST = 1.0
"""Standard deviation of CIE L*, a* and b* below which an image is of one colour."""

FORM_BY_SUFFIX = {
    ".bmp": "BMP",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}

CONVERTED = {
    ALPHA: ("has", "have", "an alpha channel; what is transparent is laid over white"),
    CMYK: (
        "is",
        "are",
        "stored in the colours of a printer (CMYK); conversion may change the stain's hue",
    ),
    DEEP: ("has", "have", "more than 8 bits a channel, divided down to 8, not stretched"),
    PAGES: ("holds", "hold", "several pages or frames; only the first is used"),
}
"""By flag, what is said of one file and of several: the verb of each, and how it goes on."""

IS = ("is", "are")


def suspicious_findings(
    samples: Samples, appearance: NDArray[Any], readable: NDArray[np.bool_]
) -> Iterator[Finding]:
    """Yield one finding for each thing that is odd about any of the files.

    Args:
        samples: The set.
        appearance: Rows of `cellclf.auditing.appearance.APPEARANCE`, shape `(n,)`.
        readable: Which samples are usable images, shape `(n,)`.
    """
    rows = np.flatnonzero(readable)
    looked = appearance[rows]
    flat = rows[(looked["spread"] < FLATTEST).all(axis=1)]
    yield from _found(samples, flat, "warning", *IS, "of one colour: nothing is to be seen")
    side = np.minimum(looked["height"], looked["width"])
    yield from _found(
        samples,
        rows[side < SMALLEST_SIDE],
        "warning",
        *IS,
        f"less than {SMALLEST_SIDE} pixels high or wide",
    )
    for (suffix, form), members in _misnamed(samples, appearance, rows).items():
        yield from _found(
            samples,
            np.array(members),
            "note",
            *IS,
            f"called {suffix}, but the content is {form}; it is read as that",
        )
    for flag, said in CONVERTED.items():
        yield from _found(samples, rows[(looked["flags"] & flag) > 0], "note", *said)


def _misnamed(
    samples: Samples, appearance: NDArray[Any], rows: NDArray[np.intp]
) -> dict[tuple[str, str], list[int]]:
    """Rows by suffix and true kind, where the two disagree."""
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows.tolist():
        suffix = _suffix(samples[row])
        form = int(appearance["form"][row])
        if form and FORM_BY_SUFFIX.get(suffix, FORMS[form]) != FORMS[form]:
            found[suffix, FORMS[form]].append(row)
    return found


def _suffix(sample: Sample) -> str:
    return PurePath(sample.member or sample.path or "").suffix.lower()


def _found(
    samples: Samples,
    rows: NDArray[np.intp],
    severity: Severity,
    one: str,
    several: str,
    meaning: str,
) -> Iterator[Finding]:
    """The finding about these rows, if there are any, with the verb that goes with their number."""
    if len(rows):
        yield Finding(
            kind="suspicious",
            severity=severity,
            files=samples.ids(rows),
            detail=f"{counted(len(rows), 'file')} {one if len(rows) == 1 else several} {meaning}",
        )
