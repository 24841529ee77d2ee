from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image

from cellclf.data.decode import resize
from cellclf.data.samples import Sample, Samples
from cellclf.data.store import ImageStore, open_store
from cellclf.errors import DataError
from cellclf.progress import Silent, Task
from tests.data.image_files import encoded, picture

SIZE = 12


class Counting(Silent):
    """Counts the steps of each task, by its description."""

    def __init__(self) -> None:
        self.steps: dict[str, int] = {}

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Task]:
        del total
        steps = self.steps

        class Steps:
            def advance(self, steps_done: int = 1, *, note: str = "") -> None:
                del note
                steps[description] = steps.get(description, 0) + steps_done

        yield Steps()


@pytest.fixture
def cells(tmp_path: Path) -> Samples:
    folder = tmp_path / "cells"
    folder.mkdir()
    for number in range(6):
        image = Image.fromarray(picture(seed=number))
        (folder / f"{number}.png").write_bytes(encoded(image, "PNG"))
    return in_folder(folder)


def in_folder(folder: Path) -> Samples:
    paths = sorted(folder.iterdir())
    samples = tuple(Sample(id=path.name, label="ig", path=str(path)) for path in paths)
    return Samples(samples=samples, classes=("ig",))


def opened(samples: Samples, cache: Path, **other: object) -> ImageStore:
    wanted = {"size": SIZE, "mode": "stretch", "cache": cache, "progress": Silent(), **other}
    return open_store(samples, **wanted)  # type: ignore[arg-type]


def stores_in(cache: Path) -> list[str]:
    """Everything there but the markers of who uses it."""
    return [path.name for path in (cache / "stores").iterdir() if path.name != ".held"]


def test_every_sample_is_decoded_and_resized_into_its_row(cells: Samples, tmp_path: Path) -> None:
    store = opened(cells, tmp_path / "cache")
    assert store.images.shape == (6, SIZE, SIZE, 3)
    assert store.images.dtype == np.uint8
    assert not store.images.flags.writeable
    assert not store.was_warm
    assert store.unreadable == {}
    for number in range(6):
        wanted = resize(picture(seed=number), SIZE, "stretch")
        np.testing.assert_array_equal(store.images[number], wanted)


def test_a_second_run_finds_the_store_and_decodes_nothing(cells: Samples, tmp_path: Path) -> None:
    first = opened(cells, tmp_path / "cache")
    heard = Counting()
    second = opened(cells, tmp_path / "cache", progress=heard)
    assert second.was_warm
    assert heard.steps == {"checking images": 6}
    assert second.content == first.content
    np.testing.assert_array_equal(second.images, first.images)


def test_progress_counts_every_image(cells: Samples, tmp_path: Path) -> None:
    heard = Counting()
    opened(cells, tmp_path / "cache", progress=heard)
    assert heard.steps == {"reading images": 6}


def test_the_store_is_known_by_content_and_not_by_names(cells: Samples, tmp_path: Path) -> None:
    first = opened(cells, tmp_path / "cache")
    moved = tmp_path / "moved"
    moved.mkdir()
    for sample in cells:
        shutil.copy(str(sample.path), moved / f"another_{sample.id}")
    assert opened(in_folder(moved), tmp_path / "cache").was_warm
    (moved / "another_3.png").write_bytes(encoded(Image.fromarray(picture(seed=9)), "PNG"))
    changed = opened(in_folder(moved), tmp_path / "cache")
    assert not changed.was_warm
    assert changed.path != first.path
    assert not np.array_equal(changed.images[3], first.images[3])


def test_size_mode_and_order_are_part_of_the_name(cells: Samples, tmp_path: Path) -> None:
    turned = Samples(samples=cells.samples[::-1], classes=cells.classes)
    stores = [
        opened(cells, tmp_path),
        opened(cells, tmp_path, size=SIZE + 1),
        opened(cells, tmp_path, mode="pad"),
        opened(turned, tmp_path),
    ]
    assert len({store.path for store in stores}) == len(stores)
    np.testing.assert_array_equal(stores[3].images, stores[0].images[::-1])


def test_rows_of_an_array_are_stored_like_files(tmp_path: Path) -> None:
    images = np.stack([picture(seed=seed) for seed in (1, 2, 1)])
    rows = tuple(Sample(id=str(n), label="ig", index=n) for n in range(3))
    samples = Samples(samples=rows, classes=("ig",), images=images)
    store = opened(samples, tmp_path)
    assert store.content[0] == store.content[2] != store.content[1]
    np.testing.assert_array_equal(store.images[1], resize(images[1], SIZE, "stretch"))


def test_many_files_that_are_no_images_are_no_reason_to_doubt_the_store(tmp_path: Path) -> None:
    folder = tmp_path / "cells"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:02}.png").write_bytes(encoded(Image.fromarray(picture()), "PNG"))
    for number in (2, 10):
        (folder / f"{number:02}.png").write_text("no image")
    for warm in (False, True):
        store = opened(in_folder(folder), tmp_path / "cache")
        assert (store.was_warm, set(store.unreadable)) == (warm, {2, 10})


def test_files_that_are_no_images_are_listed_with_their_reasons(
    cells: Samples, tmp_path: Path
) -> None:
    Path(str(cells[1].path)).write_bytes(b"")
    Path(str(cells[3].path)).write_text("no image", encoding="utf-8")
    Path(str(cells[4].path)).unlink()
    for warm in (False, True):
        store = opened(cells, tmp_path / "cache")
        assert store.was_warm is warm
        assert store.unreadable == {
            1: "the file is empty",
            3: "not an image that can be read (JPEG, PNG, BMP, TIFF, WebP)",
            4: "the file does not exist",
        }
        assert store.content[4] == ""
        assert [bool(image.any()) for image in store.images] == [
            True,
            False,
            True,
            False,
            False,
            True,
        ]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the owner of everything may read all"
)
def test_a_file_that_may_not_be_read_is_listed(cells: Samples, tmp_path: Path) -> None:
    Path(str(cells[0].path)).chmod(0)
    assert opened(cells, tmp_path / "cache").unreadable == {
        0: "the file may not be read: permission denied"
    }


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("name", ["images.npy", "store.json"])
@pytest.mark.parametrize("damage", [cut, emptied, Path.unlink])
def test_a_damaged_store_is_written_again(
    cells: Samples, tmp_path: Path, name: str, damage: object
) -> None:
    first = opened(cells, tmp_path / "cache")
    wanted = first.images.copy()
    damage(first.path / name)  # type: ignore[operator]
    if name == "store.json" and damage is cut:
        (first.path / name).write_text('{"shape": [1]}', encoding="utf-8")
    again = opened(cells, tmp_path / "cache")
    assert not again.was_warm
    np.testing.assert_array_equal(again.images, wanted)
    assert opened(cells, tmp_path / "cache").was_warm
    assert stores_in(tmp_path / "cache") == [again.path.name]


def test_the_record_says_what_the_store_holds(cells: Samples, tmp_path: Path) -> None:
    store = opened(cells, tmp_path)
    record = json.loads((store.path / "store.json").read_text(encoding="utf-8"))
    assert len(record.pop("checksums")) == 1
    assert len(record.pop("seal")) == 64
    assert record == {
        "format": 2,
        "decode_version": 2,
        "opencv": cv2.__version__,
        "simplejpeg": simplejpeg.__version__,
        "shape": [6, SIZE, SIZE, 3],
        "mode": "stretch",
        "unreadable": {},
    }


WRITER = """
import sys
from pathlib import Path
from cellclf.data.samples import Sample, Samples
from cellclf.data.store import open_store
from cellclf.progress import Silent
folder, cache = map(Path, sys.argv[1:])
samples = tuple(Sample(id=p.name, label="ig", path=str(p)) for p in sorted(folder.iterdir()))
sys.stdin.readline()
samples = Samples(samples=samples, classes=("ig",))
store = open_store(samples, size=12, mode="stretch", cache=cache, progress=Silent())
sys.stdout.write(f"{store.path} {int(store.images.sum(dtype=int))} {len(store.unreadable)}")
"""


def test_processes_that_write_the_same_store_do_not_disturb_each_other(
    cells: Samples, tmp_path: Path
) -> None:
    folder = Path(str(cells[0].path)).parent
    command = [sys.executable, "-c", WRITER, str(folder), str(tmp_path / "cache")]
    writers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for writer in writers:  # they have started, and wait for this line
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    told = {writer.communicate()[0] for writer in writers}
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    store = opened(cells, tmp_path / "cache")
    assert told == {f"{store.path} {int(store.images.sum(dtype=int))} 0"}
    assert stores_in(tmp_path / "cache") == [store.path.name]


def test_a_cache_that_cannot_be_written_says_what_to_set(cells: Samples, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot be written to .*file.*CELLCLF_CACHE"):
        opened(cells, blocked)


def test_no_samples_and_a_wrong_size_are_refused(cells: Samples, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no images"):
        opened(Samples(samples=(), classes=()), tmp_path)
    with pytest.raises(DataError, match="Received: size=0"):
        opened(cells, tmp_path, size=0)
    assert list(tmp_path.iterdir()) == [tmp_path / "cells"]


def test_a_file_that_changes_between_two_looks_is_stored_as_what_it_was_when_read(
    cells: Samples, tmp_path: Path
) -> None:
    changed = encoded(Image.fromarray(picture(seed=9)), "PNG")

    class Meddling(Silent):
        """Writes to an image after it was looked at for the first time."""

        @contextmanager
        def task(self, description: str, total: int) -> Iterator[Task]:
            if description == "reading images":
                Path(str(cells[2].path)).write_bytes(changed)
            with super().task(description, total) as task:
                yield task

    store = opened(cells, tmp_path / "cache", progress=Meddling())
    assert store.content[2] == hashlib.sha256(changed).hexdigest()
    np.testing.assert_array_equal(store.images[2], resize(picture(seed=9), SIZE, "stretch"))
    assert opened(cells, tmp_path / "cache").was_warm


def flip(path: Path, place: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["images.npy", "store.json"])
@pytest.mark.parametrize("place", [0.3, 0.5, 0.9])
def test_a_store_with_a_flipped_bit_is_written_again(
    cells: Samples, tmp_path: Path, name: str, place: float
) -> None:
    first = opened(cells, tmp_path / "cache")
    wanted = first.images.copy()
    flip(first.path / name, place)
    again = opened(cells, tmp_path / "cache")
    assert not again.was_warm
    np.testing.assert_array_equal(again.images, wanted)
    assert opened(cells, tmp_path / "cache").was_warm


def test_drafts_of_killed_runs_are_removed_and_those_of_running_ones_left(
    cells: Samples, tmp_path: Path
) -> None:
    running, killed = (tmp_path / "stores" / f".writing-{name}" for name in ("running", "killed"))
    for draft in (running, killed):
        draft.mkdir(parents=True)
    os.utime(killed, (0, 0))
    opened(cells, tmp_path)
    assert running.exists()
    assert not killed.exists()
