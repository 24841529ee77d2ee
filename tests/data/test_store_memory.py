from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.input_pipeline import memory_peaks

FEW, MANY = 1_000, 10_000

ALLOWED = 16
"""MiB that a process may grow by besides: ids, hashes and addresses of nine thousand samples."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_ten_times_the_images_take_no_more_memory_to_write_or_to_read(tmp_path: Path) -> None:
    peaks = memory_peaks(tmp_path, (FEW, MANY))
    for what in ("write", "read"):
        (few, _), (many, _) = peaks[what, FEW], peaks[what, MANY]
        assert few > 0
        assert many < few + ALLOWED
