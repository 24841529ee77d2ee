from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.data import mutations

ROOT = Path(__file__).parents[2]

MEMORY = 1024  # mebibytes
SECONDS = 2  # of the processor, for one file

LISTED = (
    "the file is empty",
    "the file is cut short",
    "the file is damaged",
    "not an image that can be read",
    "the image is too large",
    "pixels must be whole numbers of 8 or 16 bits",
    "there must be 1, 3 or 4 channels",
    "a grey TIFF with transparency cannot be read",
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


def read_all(count: int, seed: int) -> dict[str, Any]:
    """What became of damaged files, in a process of their own, which a crash would take with it."""
    done = subprocess.run(
        [sys.executable, "-m", mutations.__name__, str(count), str(seed)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, f"seed {seed}: {done.returncode}\n{done.stderr[-2000:]}"
    assert done.stderr == "", "libraries wrote to the terminal"
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def check(told: dict[str, Any], count: int) -> None:
    assert told["images"] + sum(told["reasons"].values()) == count
    assert [reason for reason in told["reasons"] if not reason.startswith(LISTED)] == []
    assert told["peak_mebibytes"] < MEMORY
    # Not a time of ours that is asserted, but that no file makes a decoder go on and on.
    assert told["slowest"] < SECONDS, f"file {told['slowest_number']}"


def test_every_whole_file_is_read() -> None:
    assert [mutations.decode(content).ndim for content in mutations.seeds()] == [3] * len(
        mutations.seeds()
    )


def test_damaged_files_give_an_image_or_a_listed_reason() -> None:
    check(read_all(300, seed=0), 300)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 11))
def test_ten_thousand_damaged_files_give_an_image_or_a_listed_reason(seed: int) -> None:
    check(read_all(1000, seed), 1000)
