"""From what a user names to the files that are meant."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import cv2
import fsspec
import numpy as np
import pytest

from cellclf.data.reading import read_square
from cellclf.errors import DataError
from cellclf.inference.finding import find_inputs
from cellclf.inference.inputs import Inputs

DEEP = ("cells/deep/d.png", "cells/deep/er/c.tif")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names = ("b.png", "a.JPG", "deep/er/c.tif", "deep/d.png", "notes.txt", "._a.jpg", ".git/e.png")
    for name in names:
        (tmp_path / "cells" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cells" / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*paths: str | Path) -> list[str]:
    return [Path(name).as_posix() for name in find_inputs(paths).ids()]


def test_a_folder_gives_its_images_at_any_depth_sorted(folder: Path) -> None:
    assert names("cells") == [
        "cells/a.JPG",
        "cells/b.png",
        "cells/deep/d.png",
        "cells/deep/er/c.tif",
    ]


def test_one_path_need_not_be_in_a_list(folder: Path) -> None:
    assert names("cells/b.png") == [*find_inputs(Path("cells/b.png")).ids()]
    assert [*find_inputs("cells/b.png").ids()] == [str(Path("cells/b.png"))]


def test_files_keep_the_order_they_are_named_in_and_come_once(folder: Path) -> None:
    assert names("cells/b.png", "cells/a.JPG", "./cells/../cells/b.png", "cells/deep")[:2] == [
        "cells/b.png",
        "cells/a.JPG",
    ]
    assert len(names("cells", "cells/b.png", folder / "cells")) == 4


def test_a_file_that_is_named_is_taken_whatever_it_is_called(folder: Path) -> None:
    assert names("cells/notes.txt", "cells/._a.jpg") == ["cells/notes.txt", "cells/._a.jpg"]


def test_a_pattern_that_the_shell_left_alone_is_expanded_to_images(folder: Path) -> None:
    assert names("cells/*") == names("cells")
    assert names("cells/?.png") == ["cells/b.png"]
    assert names("cells/**/*.png") == ["cells/b.png", "cells/deep/d.png"]
    assert names(str(folder / "cells" / "[ab].*")) == [
        (folder / "cells" / name).as_posix() for name in ("a.JPG", "b.png")
    ]


def test_a_file_may_be_called_like_a_pattern(folder: Path) -> None:
    (folder / "cell[1].png").touch()
    assert names("cell[1].png") == ["cell[1].png"]


def test_everything_that_does_not_exist_is_named_at_once(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(DataError) as caught:
        find_inputs(["gone.png", "cells", "empty", "*.gif", "nul\0l"])
    message = str(caught.value)
    assert "no such file or folder: gone.png" in message
    assert "empty must hold images" in message
    assert "matches '*.gif'" in message
    assert "nul" in message


def test_nothing_and_things_that_are_no_paths_are_refused() -> None:
    with pytest.raises(DataError, match="none"):
        find_inputs([])
    with pytest.raises(DataError, match="int"):
        find_inputs([1])


def zipped(path: Path, names: tuple[str, ...]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes())


def images_of(inputs: Inputs) -> list[bool]:
    return [
        read_square(one.sample, one.images, size=4, mode="stretch").image is not None
        for one in inputs
    ]


def test_a_zip_file_gives_its_images_as_a_folder_would(folder: Path) -> None:
    zipped(folder / "set.ZIP", ("b.png", "a/2.png", "a/notes.txt", "__MACOSX/._b.png"))
    found = find_inputs(["set.ZIP", "set.ZIP"])
    assert [*found.ids()] == ["set.ZIP/a/2.png", "set.ZIP/b.png"]
    assert images_of(found) == [True, True]
    zipped(folder / "none.zip", ("notes.txt",))
    with pytest.raises(DataError, match=r"none\.zip must hold images"):
        find_inputs("none.zip")
    (folder / "torn.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match="whole zip file"):
        find_inputs("torn.zip")


@pytest.mark.parametrize("kind", ["npy", "images", "alone", "packed"])
def test_the_rows_of_an_array_are_images(folder: Path, kind: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 5, 6, 3), dtype=np.uint8)
    file = folder / ("set.npy" if kind == "npy" else "set.npz")
    if kind == "npy":
        np.save(file, images)
    elif kind == "images":
        np.savez(file, images=images, labels=np.arange(3))
    elif kind == "alone":
        np.savez(file, images)
    else:
        np.savez_compressed(file, images=images)
    found = find_inputs(file.name)
    assert [*found.ids()] == [f"{file.name}#{row}" for row in range(3)]
    for row, one in enumerate(found):
        assert one.images is not None
        np.testing.assert_array_equal(one.images[one.sample.index], images[row])
    assert images_of(found) == [True] * 3


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"images": np.zeros((2, 4, 4, 3))}, "uint8 RGB"),
        ({"images": np.zeros((2, 4, 4), np.uint8)}, r"shape \(2, 4, 4\)"),
        ({"a": np.zeros(2), "b": np.zeros(2)}, "an array 'images'. Received: 'a', 'b'"),
        ({"images": np.array([{}], dtype=object)}, "cannot be read as a file of images"),
    ],
)
def test_arrays_of_something_else_are_refused(folder: Path, arrays: Any, said: str) -> None:
    np.savez(folder / "set.npz", **arrays)
    with pytest.raises(DataError, match=said):
        find_inputs("set.npz")


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"cells/b.png\ncells/a.JPG\n", ["cells/b.png", "cells/a.JPG"]),
        (b"cells/b.png\r\n\r\ncells/deep\r\n", ["cells/b.png", *DEEP]),
        (b"cells/a\nb.png\0cells/b.png\0", ["cells/a\nb.png", "cells/b.png"]),
        (b"set.zip", ["set.zip/1.png"]),
    ],
)
def test_standard_input_names_images(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, wanted: list[str]
) -> None:
    if sys.platform != "win32":
        (folder / "cells" / "a\nb.png").touch()
    zipped(folder / "set.zip", ("1.png",))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert names("-") == wanted


def test_a_list_of_nothing_and_one_that_names_itself_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for content, said in ((b"\n\n", "must list images"), (b"-\n", "cannot name standard input")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        with pytest.raises(DataError, match=said):
            find_inputs("-")


def test_addresses_stand_among_files(folder: Path) -> None:
    fsspec.filesystem("memory").pipe("/far/1.png", b"")
    found = find_inputs(["cells/b.png", "memory://far", "cells/a.JPG", "memory://far/2.png"])
    assert [*found.ids()] == [
        *("cells/b.png", "memory:///far/1.png", "cells/a.JPG", "memory://far/2.png")
    ]
    assert found.far
    assert not find_inputs("cells").far
    fsspec.filesystem("memory").store.clear()


def test_of_very_many_names_that_stand_for_nothing_twenty_are_said(folder: Path) -> None:
    with pytest.raises(DataError, match=r"gone 19\nand 5 more$"):
        find_inputs([f"gone {number:02}" for number in range(25)])


def test_inputs_are_a_sequence_that_can_be_cut_and_chosen_from(folder: Path) -> None:
    np.save(folder / "set.npy", np.zeros((3, 4, 4, 3), np.uint8))
    found = find_inputs(["cells/deep", "set.npy"])
    assert len(found) == 5
    assert [one.sample.id for one in found] == [*found.ids()]
    assert [*found[1:4].ids()] == [*found.ids()][1:4]
    assert [*found[1:].chosen([0, 2]).ids()] == ["cells/deep/er/c.tif", "set.npy#1"]
    assert found[-1].sample.index == 2
