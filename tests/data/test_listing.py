from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellclf.data.listed import Listing
from cellclf.data.listing import list_files
from cellclf.errors import DataError

NAMES = ("b/2.jpg", "b/10.PNG", "a/deep/er/1.tiff", "a/notes.txt", "read.me", "ä/Zelle 1.jpg")


def folder_of(root: Path, *names: str) -> Path:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode(errors="replace"))
    return root


def zip_of(path: Path, *names: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name.encode())
    return path


def ids(listing: Listing) -> list[str]:
    return [file.id for file in listing.files]


@pytest.fixture(params=["folder", "zip", "zip in a folder", "zip in a zip"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """A set in each of the ways in which it may have been downloaded."""

    def make(*names: str) -> Path:
        if request.param == "folder":
            return folder_of(tmp_path / "a set", *names)
        archive = zip_of(tmp_path / "é set" / "cells.zip", *names)
        if request.param == "zip":
            return archive
        if request.param == "zip in a folder":
            folder_of(archive.parent, "licence.txt", "__MACOSX/cells.zip/._x", ".DS_Store")
            return archive.parent
        with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as outer:
            outer.write(archive, "Data in Brief/cells.zip")
        return tmp_path / "all.zip"

    return make


def test_a_folder_and_a_zip_file_are_listed_alike(made: Callable[..., Path]) -> None:
    listing = list_files(made(*NAMES))
    assert ids(listing) == sorted(NAMES)
    assert [image.id for image in listing.images] == [
        "a/deep/er/1.tiff",
        "b/10.PNG",
        "b/2.jpg",
        "ä/Zelle 1.jpg",
    ]
    assert listing.folders == ("a", "a/deep", "a/deep/er", "b", "ä")
    assert [file.read() for file in listing.files] == [name.encode() for name in sorted(NAMES)]


def test_what_systems_leave_behind_is_left_out(made: Callable[..., Path]) -> None:
    kept = ("a/1.jpg", "b/1.jpg")
    litter = (
        *("a/._1.jpg", "a/Thumbs.db", ".cache/c/1.jpg", "__MACOSX/a/1.jpg", ".DS_Store"),
        *("$RECYCLE.BIN/x/1.jpg", "System Volume Information/1.jpg", "a/@eaDir/1.jpg"),
    )
    assert ids(list_files(made(*kept, *litter))) == list(kept)


def test_a_listed_file_knows_its_name_folders_and_suffix(made: Callable[..., Path]) -> None:
    (file,) = list_files(made("x/y.z/Cell.1.JPG")).files
    assert (file.name, file.stem, file.suffix) == ("Cell.1.JPG", "Cell.1", ".jpg")
    assert file.folders == ("x", "y.z")
    sample = file.sample(label="ig", groups={"slide": "7"}, split="test")
    assert (sample.id, sample.path, sample.member) == (file.id, str(file.path), file.member)
    assert (sample.label, sample.groups, sample.split) == ("ig", {"slide": "7"}, "test")
    assert file.sample(label="ig", id="x#1", box=(0, 0, 1, 1)).id == "x#1"


def test_a_set_without_images_says_what_it_found(made: Callable[..., Path]) -> None:
    assert list_files(made("a.txt", "b.txt", "c")).found == "found 2 .txt, 1 without suffix"


def test_zip_files_beside_images_and_several_zip_files_are_files_like_others(
    tmp_path: Path,
) -> None:
    folder_of(tmp_path / "one", "a/1.jpg")
    zip_of(tmp_path / "one" / "more.zip", "b/1.jpg")
    assert ids(list_files(tmp_path / "one")) == ["a/1.jpg", "more.zip"]
    zip_of(tmp_path / "two" / "1.zip", "b/1.jpg")
    zip_of(tmp_path / "two" / "2.zip", "b/1.jpg")
    assert list_files(tmp_path / "two").found == "found 2 .zip"


def test_an_archive_inside_an_archive_is_unpacked_once_and_again_when_it_changed(
    tmp_path: Path,
) -> None:
    def outer_of(*names: str) -> Path:
        with zipfile.ZipFile(tmp_path / "outer.zip", "w") as outer:
            outer.write(zip_of(tmp_path / "inner" / "cells.zip", *names), "cells.zip")
        return tmp_path / "outer.zip"

    first = list_files(outer_of("a/1.jpg")).images[0]
    written = first.path.stat().st_mtime_ns
    assert list_files(tmp_path / "outer.zip").images == (first,)
    assert first.path.stat().st_mtime_ns == written
    assert [image.id for image in list_files(outer_of("a/1.jpg", "b/2.jpg")).images] == [
        "a/1.jpg",
        "b/2.jpg",
    ]


def test_paths_are_absolute_however_the_root_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of(tmp_path, "a/1.jpg")
    monkeypatch.chdir(tmp_path)
    assert list_files(Path()).images[0].path == tmp_path / "a/1.jpg"


def test_empty_folders_are_known(tmp_path: Path) -> None:
    (tmp_path / "folder" / "a" / "b").mkdir(parents=True)
    assert list_files(tmp_path / "folder").folders == ("a", "a/b")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a/b/", b"")
    assert list_files(tmp_path / "x.zip").folders == ("a", "a/b")


def test_accents_are_composed_in_ids_and_read_as_they_are_written(
    made: Callable[..., Path],
) -> None:
    (file,) = list_files(made("e\u0301/1.jpg")).files
    assert file.id == "\u00e9/1.jpg"
    assert file.read() == "e\u0301/1.jpg".encode()


def test_two_names_that_differ_only_in_accents_are_refused(made: Callable[..., Path]) -> None:
    try:
        root = made("e\u0301.jpg", "\u00e9.jpg")
        assert len(list_files(root).files) == 1, "a drive that composes accents itself has one file"
    except DataError as refused:
        assert "must have a name of its own" in str(refused)


@pytest.mark.parametrize("flag", [0, 0x800])
def test_names_in_utf8_are_read_whether_or_not_the_archive_says_so(
    tmp_path: Path, flag: int
) -> None:
    path = zip_of(tmp_path / "x.zip", "Lymphozyt ä/1.jpg")
    content = bytearray(path.read_bytes())
    for signature, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(signature) + flags_at
        content[at : at + 2] = flag.to_bytes(2, "little")
    path.write_bytes(content)
    (file,) = list_files(path).files
    assert file.id == "Lymphozyt ä/1.jpg"
    assert file.read() == "Lymphozyt ä/1.jpg".encode()


def test_names_in_the_old_code_page_of_zip_files_are_read(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "x.zip", "Zelle_X/1.jpg")
    path.write_bytes(path.read_bytes().replace(b"Zelle_X", b"Zelle_\x84"))  # ä in code page 437
    assert ids(list_files(path)) == ["Zelle_ä/1.jpg"]


def test_backslashes_between_folders_are_understood(tmp_path: Path) -> None:
    assert ids(list_files(zip_of(tmp_path / "x.zip", "a\\b\\1.jpg"))) == ["a/b/1.jpg"]


@pytest.mark.parametrize("name", ["../1.jpg", "a/../../1.jpg", "/etc/1.jpg", "C:\\1.jpg", "a//1"])
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="must lie below its root"):
        list_files(zip_of(tmp_path / "x.zip", "a/1.jpg", name))


def test_a_place_where_nothing_is_says_where_the_set_is_to_be_had(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing there.*\. Ask the laboratory\."):
        list_files(tmp_path / "gone", obtain="Ask the laboratory.")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    folder_of(tmp_path, "1.jpg", "page.zip")
    with pytest.raises(DataError, match="must be a folder or a zip file"):
        list_files(tmp_path / "1.jpg")
    with pytest.raises(DataError, match=r"must be a whole zip file.*download it again"):
        list_files(tmp_path / "page.zip")


def test_an_archive_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "x.zip", *NAMES)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="must be a whole zip file"):
        list_files(path)


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [(8, b"\x01", "needs a password"), (10, b"\x09", "packed by method 9")],
)
def test_an_archive_that_cannot_be_unpacked_is_refused(
    tmp_path: Path, at: int, value: bytes, message: str
) -> None:
    path = zip_of(tmp_path / "x.zip", "a/1.jpg")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + at] = value[0]
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        list_files(path)


@given(cut=st.integers(0, 400), at=st.integers(0, 400), value=st.integers(0, 255))
def test_a_damaged_archive_is_listed_or_refused(
    tmp_path_factory: pytest.TempPathFactory, cut: int, at: int, value: int
) -> None:
    path = zip_of(tmp_path_factory.mktemp("damaged") / "x.zip", "a/1.jpg", "ä/2.jpg")
    content = bytearray(path.read_bytes())
    content[at % len(content)] = value
    path.write_bytes(content[: max(0, len(content) - cut % 3)])
    try:
        for file in list_files(path).files:
            file.read()
    except DataError:
        return


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs rights there")
def test_linked_folders_are_followed_and_loops_end(tmp_path: Path) -> None:
    elsewhere = folder_of(tmp_path / "elsewhere", "1.jpg")
    root = folder_of(tmp_path / "root", "a/1.jpg")
    (root / "b").symlink_to(elsewhere)
    (root / "a" / "loop").symlink_to(root)
    (root / "a" / "self").symlink_to(root / "a")
    assert ids(list_files(root)) == ["a/1.jpg", "b/1.jpg"]
    assert list_files(root).folders == ("a", "b")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse to make such names")
def test_a_file_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    folder_of(tmp_path, "a/1.jpg", "b/\udcff.jpg")
    with pytest.raises(DataError, match="no valid text"):
        list_files(tmp_path)
