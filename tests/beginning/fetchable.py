"""A dataset that can be fetched, from wherever its parameters say."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from cellclf import DataError, Progress, Samples, download
from cellclf.specs import DatasetSpec
from tests.testing import shapes


class FetchParams(shapes.ShapeParams):
    """Where the set is."""

    url: str = Field("https://127.0.0.1:9/shapes.zip", description="Address of the set.")
    sha256: str = Field("0" * 64, description="Its sum.")
    colours: tuple[str, ...] = Field((), description="Something with more than one value.")


FETCHABLE = DatasetSpec(
    name="fetchable_shapes",
    summary="Shapes that can be fetched",
    params=FetchParams,
    load="tests.beginning.fetchable:load",
    fetch="tests.beginning.fetchable:fetch",
    classes=shapes.SHAPES.classes,
    licence="CC0",
    citation="Nobody (2024). Shapes.",
    homepage="https://example.org/shapes",
    obtain=shapes.OBTAIN,
)


def fetch(params: FetchParams, *, root: Path, progress: Progress) -> None:
    """Put the zip file under `root`."""
    if params.fault == "fetching divides by zero":
        raise ZeroDivisionError
    if params.fault.startswith("refused: "):
        raise DataError(params.fault)
    if params.fault == "a person stops it":
        raise KeyboardInterrupt
    download(params.url, root / "shapes.zip", sha256=params.sha256, progress=progress)


def load(params: FetchParams, *, root: Path) -> Samples:
    """Read the zip file, which stays as it is."""
    if params.fault == "what was fetched cannot be read":
        return shapes.load(params, root=root / "not there")
    return shapes.load(params, root=root / "shapes.zip")
