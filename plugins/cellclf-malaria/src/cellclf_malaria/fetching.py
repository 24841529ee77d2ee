"""Getting the set from the National Library of Medicine."""

from __future__ import annotations

from pathlib import Path

from cellclf import NoParams, Progress, download
from cellclf_malaria.about import FILE_NAME, SHA256, SIZE, URL

__all__ = ["fetch"]


def fetch(params: NoParams, *, root: Path, progress: Progress) -> None:
    """Put the zip file, as it is published, into the folder `root`.

    Raises:
        DataError: It could not be fetched, or is not what was published.
        RunError: `root` cannot be written.
    """
    del params
    download(URL, root / FILE_NAME, sha256=SHA256, size=SIZE, progress=progress)
