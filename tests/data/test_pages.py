from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from cellclf.data.pages import Pages

MEBIBYTE = 1024**2


def mapped_bytes() -> int:
    """Pages of files in this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("RssFile:"))
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_what_was_read_of_a_map_is_given_back_and_can_be_read_again(tmp_path: Path) -> None:
    content = np.arange(128 * MEBIBYTE // 4, dtype=np.uint32).reshape(-1, 16 * 1024)
    np.save(tmp_path / "many.npy", content)
    mapped = np.asarray(np.load(tmp_path / "many.npy", mmap_mode="r"))
    pages = Pages(mapped, most=16 * MEBIBYTE)
    before = mapped_bytes()
    most = 0
    # Far from each other, so that each is in a page of its own, however large pages are.
    for row in np.random.default_rng(0).permutation(len(mapped)):
        mapped[row].sum()
        pages.read(1)
        most = max(most, mapped_bytes() - before)
    assert most < 32 * MEBIBYTE
    np.testing.assert_array_equal(mapped, content)


def test_an_array_in_memory_is_left_alone() -> None:
    array = np.ones(5)
    Pages(array, most=1).read(100)
    np.testing.assert_array_equal(array, np.ones(5))
