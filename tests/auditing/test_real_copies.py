"""Copies of real cells are found, and real cells that are merely alike are not taken for copies."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.near_duplicates import (
    COPIES,
    augmented,
    clusters,
    images_of,
    links_of,
    made,
    pairs_within,
)

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

SOURCES = 40
LEAST_FOUND, LEAST_TRUE = 0.9, 0.99

SAME_AFTER_ALL = {
    frozenset({"bccd-00206", "bccd-00278"}),  # one lymphocyte, photographed sharp and less so
    frozenset({"bccd-00224", "bccd-00264"}),  # one lymphocyte at two magnifications
}
"""Sources that the list tells apart and that show the same cell; looked at by eye."""

ONE_FIELD = {
    frozenset({"ERB_36119.jpg", "ERB_773745.jpg"}),
    frozenset({"ERB_499441.jpg", "ERB_616563.jpg"}),
}
"""Published cells that are two cuts from one field; looked at by eye."""


@pytest.fixture
def data() -> Path:
    place = os.environ.get("CELLCLF_REAL_DATA")
    if not place or not (Path(place) / "pbc").is_dir():
        pytest.skip("CELLCLF_REAL_DATA names no folder that holds pbc/")
    return Path(place)


def test_copies_made_of_real_cells_are_found_and_nothing_else_is(data: Path) -> None:
    contents, sources = made(images_of(data / "pbc"), SOURCES)
    links, n, *_ = links_of(contents)
    true, reported = pairs_within(sources), pairs_within(clusters(links, n).tolist())
    assert len(true) == SOURCES * COPIES * (COPIES - 1) / 2
    assert len(true & reported) >= LEAST_FOUND * len(true)
    assert len(true & reported) >= LEAST_TRUE * len(reported)


def test_the_copies_of_a_published_augmented_set_lead_to_its_sources(data: Path) -> None:
    files, sources = augmented(data)
    links, n, *_ = links_of(files)
    true, reported = pairs_within(sources), pairs_within(clusters(links, n).tolist())
    assert len(true & reported) >= LEAST_FOUND * len(true)
    for first, second in reported - true:
        assert {sources[first], sources[second]} in SAME_AFTER_ALL


def test_published_originals_are_not_taken_for_copies(data: Path) -> None:
    files = images_of(data / "pbc" / "erythroblast") + images_of(data / "pbc" / "lymphocyte")
    links, *_ = links_of(files)
    found = {frozenset({files[link.first].name, files[link.second].name}) for link in links}
    assert found == ONE_FIELD
    assert all(np.isfinite(link.correlation) for link in links)
