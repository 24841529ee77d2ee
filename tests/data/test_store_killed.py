from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cellclf.data.decode import resize
from cellclf.data.samples import Sample, Samples
from cellclf.data.store import ImageStore, open_store
from cellclf.progress import Silent
from tests.data.image_files import encoded, picture

KILLS = 30
IMAGES = 600
DISTINCT = 50
SIZE = 64

WRITER = """
import sys
from pathlib import Path
from cellclf.data.samples import Sample, Samples
from cellclf.data.store import open_store
from cellclf.progress import Silent
folder, cache = map(Path, sys.argv[1:])
samples = tuple(Sample(id=p.name, label="ig", path=str(p)) for p in sorted(folder.iterdir()))
print("ready", flush=True)
samples = Samples(samples=samples, classes=("ig",))
open_store(samples, size=64, mode="stretch", cache=cache, progress=Silent())
print("written", flush=True)
"""


def opened(folder: Path, cache: Path) -> ImageStore:
    samples = tuple(Sample(id=p.name, label="ig", path=str(p)) for p in sorted(folder.iterdir()))
    return open_store(
        Samples(samples=samples, classes=("ig",)),
        size=SIZE,
        mode="stretch",
        cache=cache,
        progress=Silent(),
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_run_that_is_killed_at_any_time_leaves_nothing_that_passes_for_whole(
    tmp_path: Path,
) -> None:
    folder, cache = tmp_path / "cells", tmp_path / "cache"
    folder.mkdir()
    pictures = [picture(90, 90, seed=seed) for seed in range(DISTINCT)]
    files = [encoded(Image.fromarray(one), "PNG") for one in pictures]
    wanted = np.stack([resize(one, SIZE, "stretch") for one in pictures])
    for number in range(IMAGES):
        (folder / f"{number:05}.png").write_bytes(files[number % DISTINCT])
    wanted = wanted[np.arange(IMAGES) % DISTINCT]

    # How long a writer takes that nobody disturbs: kills are spread over a little more than that.
    command = [sys.executable, "-c", WRITER, str(folder), str(tmp_path / "first")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        start = time.monotonic()
        assert writer.stdout.readline() == "written\n"
        whole = time.monotonic() - start

    delays = random.Random(0)
    killed = unfinished = 0
    for number in range(KILLS):
        command[-1] = str(cache / str(number))
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(delays.uniform(0, 1.1 * whole))
            writer.send_signal(signal.SIGKILL)
        killed += writer.returncode == -signal.SIGKILL
        stores = cache / str(number) / "stores"
        unfinished += any(stores.glob(".writing-*"))
        store = opened(folder, stores.parent)
        np.testing.assert_array_equal(store.images, wanted)
        assert not store.unreadable
        if not store.was_warm:  # what writes, sweeps
            assert [path.name for path in stores.iterdir() if path.name != ".held"] == [
                store.path.name
            ]
    assert killed >= KILLS // 2
    assert unfinished >= KILLS // 4


WHOLE_AGAIN = 3


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_run_that_is_killed_while_it_writes_is_followed_by_one_that_sweeps_and_writes(
    tmp_path: Path,
) -> None:
    folder, cache = tmp_path / "cells", tmp_path / "cache"
    folder.mkdir()
    file = encoded(Image.fromarray(picture(600, 600)), "PNG")
    for number in range(400):
        (folder / f"{number:03}.png").write_bytes(file)
    command = [sys.executable, "-c", WRITER, str(folder), str(cache)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        while writer.poll() is None and not any((cache / "stores").glob(".writing-*/images.npy")):
            time.sleep(0.001)
        writer.kill()
    for path in sorted(folder.iterdir())[WHOLE_AGAIN:]:
        path.unlink()
    store = opened(folder, cache)
    wanted = np.stack([resize(picture(600, 600), SIZE, "stretch")] * WHOLE_AGAIN)
    np.testing.assert_array_equal(store.images, wanted)
    assert list((cache / "stores").glob(".writing-*")) == []
