"""From what a table of predictions calls an image back to where it is."""

from __future__ import annotations

import re
from pathlib import Path

from cellclf.data.samples import Sample

__all__ = ["sample_called"]

IN_ARCHIVE = re.compile(r"\.zip[/\\]", re.IGNORECASE)


def sample_called(name: str) -> Sample:
    """Return the image of a file, of an address, or of a member of a zip file, `new.zip/a/1.jpg`.

    It need not be there. Images of arrays, `new.npz#3`, have no path: what is returned for them
    cannot be read.
    """
    for found in IN_ARCHIVE.finditer(name):
        archive = name[: found.end() - 1]
        if Path(archive).is_file():
            return Sample(id=name, label="", path=archive, member=name[found.end() :])
    return Sample(id=name, label="", path=name)
