"""Files at addresses, on the file system in memory that fsspec brings along."""

from __future__ import annotations

from collections.abc import Iterator

import fsspec
import pytest
from PIL import Image

from cellclf.data import addresses, reading
from cellclf.data.addresses import is_address, list_address, read_address
from cellclf.data.reading import content_hash, read_square
from cellclf.data.samples import Sample
from cellclf.errors import DataError, ImageError
from tests.data.image_files import encoded, picture

PNG = encoded(Image.fromarray(picture()), "PNG")


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    files = fsspec.filesystem("memory")
    files.store.clear()
    names = ("b.png", "a.JPG", "deep/c.tif", "notes.txt", "._a.jpg", ".git/e.png", "x/%41?.png")
    for name in names:
        files.pipe(f"/cells/{name}", PNG)
    yield files
    files.store.clear()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("s3://cells/1.png", True),
        ("zip://1.png::s3://cells/set.zip", True),
        ("simplecache::https://example.org/1.png", True),
        ("C:\\cells\\1.png", False),
        ("C://cells/1.png", False),
        ("/cells/1.png", False),
        ("cells/a::b.png", False),
    ],
)
def test_what_an_address_is(name: str, wanted: bool) -> None:
    assert is_address(name) is wanted


def test_a_folder_and_a_pattern_give_their_images(memory: fsspec.AbstractFileSystem) -> None:
    assert list_address("memory://cells") == [
        f"memory:///cells/{name}" for name in ("a.JPG", "b.png", "deep/c.tif", "x/%41?.png")
    ]
    assert list_address("memory://cells/*.png") == ["memory:///cells/b.png"]
    assert list_address("memory://cells/nothing") == []
    assert list_address("memory://cells/*.gif") == []


def test_a_file_is_taken_whether_it_is_there_or_not(memory: fsspec.AbstractFileSystem) -> None:
    assert list_address("memory://cells/gone.png") == ["memory://cells/gone.png"]
    assert list_address("memory://cells/notes.txt") == ["memory://cells/notes.txt"]


def test_an_image_at_an_address_is_read_as_any_other(memory: fsspec.AbstractFileSystem) -> None:
    sample = Sample(id="b", label="", path="memory://cells/b.png")
    square = read_square(sample, None, size=8, mode="stretch")
    assert square.image is not None
    assert square.content == content_hash(sample, None)
    gone = Sample(id="gone", label="", path="memory://cells/gone.png")
    assert read_square(gone, None, size=8, mode="stretch").reason == "the file does not exist"


def test_no_more_is_read_than_allowed(
    memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(read_address("memory://cells/b.png", most=10)) == 10
    monkeypatch.setattr(reading, "MAX_BYTES", 20)
    sample = Sample(id="b", label="", path="memory://cells/b.png")
    assert "longer than" in read_square(sample, None, size=8, mode="stretch").reason


def test_a_member_of_an_archive_at_an_address_is_listed_and_read() -> None:
    files = fsspec.filesystem("memory")
    with fsspec.open("memory://set.zip", "wb") as file:
        archive = fsspec.filesystem("zip", fo=file, mode="w")
        archive.pipe("a/1.png", PNG)
        archive.close()
    (name,) = list_address("zip://a/*.png::memory://set.zip")
    assert name == "zip://a/1.png::memory://set.zip"
    assert read_address(name, most=1 << 20) == PNG
    files.store.clear()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere://cells", "begin with nowhere:// cannot be read here: .*Install the package"),
        ("needsmore://cells", "begin with needsmore:// cannot be read here: .*sunglasses"),
    ],
)
def test_a_place_that_needs_a_package_says_so_once(name: str, said: str) -> None:
    fsspec.register_implementation(
        "needsmore", "no_such_package.Files", errtxt="Install sunglasses", clobber=True
    )
    with pytest.raises(DataError, match=said):
        list_address(name)
    with pytest.raises(ImageError, match="cannot be read here"):
        read_address(f"{name}/1.png", most=10)


def test_a_place_that_fails_is_a_reason_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def open(self, *_: object) -> object:
            raise RuntimeError("the token has expired\nand much more")

        def find(self, *_: object) -> object:
            raise RuntimeError("the token has expired")

    monkeypatch.setattr(addresses, "_opened", lambda name: (Failing(), "cells"))
    with pytest.raises(ImageError, match=r"cannot be read: the token has expired$"):
        read_address("memory://cells", most=1)
    with pytest.raises(DataError, match="memory://cells cannot be listed: the token has expired"):
        list_address("memory://cells")
