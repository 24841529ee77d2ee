from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cellclf.auditing.appearance import appearance
from cellclf.auditing.keypoints import describe
from cellclf.auditing.measure import Measurements
from cellclf.auditing.near_duplicates import near_duplicates
from cellclf.auditing.remembered_links import LINK, links_between
from cellclf.data.cache import entries, prune
from cellclf.data.samples import Sample, Samples
from cellclf.progress import Silent, Task
from tests.data.image_files import noise, picture

CELLS = Samples(
    samples=tuple(Sample(id=f"{n}", label="ig", path=f"{n}") for n in range(5)), classes=("ig",)
)


def measured() -> Measurements:
    """Five images; the last is a mirrored copy of the first."""
    images = [noise(40, 40, seed=n) // 2 + picture(40, 40, seed=n) // 2 for n in range(4)]
    images.append(np.ascontiguousarray(images[0][:, ::-1]))
    return Measurements(
        content=tuple("abcde"),
        unreadable={},
        appearance=np.array([appearance(image) for image in images]),
        descriptions=tuple(describe(image) for image in images),
    )


def test_links_are_found_once_and_then_remembered(tmp_path: Path) -> None:
    images = measured()
    found = links_between(CELLS, images, cache=tmp_path, progress=Silent())
    assert found == near_duplicates(images.descriptions, progress=Silent())
    assert [(link.first, link.second, link.mirrored) for link in found] == [(0, 4, True)]
    # Nothing can be found in these any more: what comes is what was kept.
    emptied = replace(images, descriptions=(describe(np.zeros((40, 40, 3), np.uint8)),) * 5)
    assert links_between(CELLS, emptied, cache=tmp_path, progress=Silent()) == found


def test_other_images_and_another_order_have_links_of_their_own(tmp_path: Path) -> None:
    images = measured()
    links_between(CELLS, images, cache=tmp_path, progress=Silent())
    turned = replace(images, content=tuple("ebcda"), descriptions=images.descriptions[::-1])
    links_between(CELLS, turned, cache=tmp_path, progress=Silent())
    unread = replace(images, descriptions=(*images.descriptions[:4], None))
    assert links_between(CELLS, unread, cache=tmp_path, progress=Silent()) == ()
    assert len(entries(tmp_path)) == 3


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\x93NUMPY"])
def test_a_damaged_file_is_as_none(tmp_path: Path, damage: bytes) -> None:
    found = links_between(CELLS, measured(), cache=tmp_path, progress=Silent())
    kept = entries(tmp_path)[0].path
    kept.write_bytes(damage)
    assert links_between(CELLS, measured(), cache=tmp_path, progress=Silent()) == found
    assert np.load(kept)["links"].dtype == LINK


def test_links_are_in_use_while_copies_are_looked_for_and_their_use_is_noted(
    tmp_path: Path,
) -> None:
    class Pruning(Silent):
        @contextmanager
        def task(self, description: str, total: int) -> Iterator[Task]:
            (kept,) = entries(tmp_path)
            assert kept.in_use
            assert prune(tmp_path, everything=True).in_use == (kept,)
            with super().task(description, total) as task:
                yield task

    found = links_between(CELLS, measured(), cache=tmp_path, progress=Silent())
    kept = entries(tmp_path)[0].path
    content = kept.read_bytes()
    kept.write_bytes(b"damaged")
    os.utime(kept, (0, 0))
    assert links_between(CELLS, measured(), cache=tmp_path, progress=Pruning()) == found
    assert kept.read_bytes() == content
    os.utime(kept, (0, 0))
    links_between(CELLS, measured(), cache=tmp_path, progress=Silent())
    (kept_again,) = entries(tmp_path)
    assert kept_again.used > 0
    assert not kept_again.in_use
    assert prune(tmp_path, everything=True).removed == (kept_again,)


def test_cuts_from_one_file_are_not_compared(tmp_path: Path) -> None:
    def cut_from(*fields: str) -> Samples:
        cuts = tuple(
            Sample(id=f"{n}", label="ig", path=field, box=(n, 0, n + 40, 40))
            for n, field in enumerate(fields)
        )
        return Samples(samples=cuts, classes=("ig",))

    apart = links_between(cut_from(*"abcde"), measured(), cache=tmp_path, progress=Silent())
    together = links_between(cut_from(*"abcda"), measured(), cache=tmp_path, progress=Silent())
    assert [(link.first, link.second) for link in apart] == [(0, 4)]
    assert together == ()


def test_a_bit_that_was_lost_is_noticed(tmp_path: Path) -> None:
    found = links_between(CELLS, measured(), cache=tmp_path, progress=Silent())
    kept = entries(tmp_path)[0].path
    whole = kept.read_bytes()
    for place in range(0, len(whole), 7):
        kept.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        again = links_between(CELLS, measured_once(), cache=tmp_path, progress=Silent())
        assert again == found


@cache
def measured_once() -> Measurements:
    return measured()
