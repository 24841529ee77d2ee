from __future__ import annotations

import os
import random
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cellclf.data.archives import HELD, archive_members, read_member, unpacked_member
from cellclf.errors import DataError, ImageError

PLENTY = 1 << 20


def archive_of(path: Path, contents: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def test_no_more_is_read_than_was_asked_for(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "x.zip", {"a": b"0123456789" * 1000})
    assert read_member(path, "a", most=7) == b"0123456"


def test_many_threads_read_many_archives_at_once(tmp_path: Path) -> None:
    # More archives than are held open, so that some are closed while their members are read.
    rng = random.Random(3)
    contents = {f"{n}": rng.randbytes(5000 + n) for n in range(40)}
    paths = [archive_of(tmp_path / f"{n}.zip", contents) for n in range(HELD + 4)]
    wanted = [(path, name) for path in paths for name in contents] * 3
    rng.shuffle(wanted)
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda at: read_member(*at, most=PLENTY), wanted))
    assert read == [contents[name] for _, name in wanted]


def test_an_archive_that_changed_is_opened_again(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "x.zip", {"a": b"first"})
    assert read_member(path, "a", most=PLENTY) == b"first"
    archive_of(path, {"a": b"other", "b": b"more"})
    assert read_member(path, "a", most=PLENTY) == b"other"
    assert [info.filename for info in archive_members(path)] == ["a", "b"]


def test_an_archive_that_was_deleted_is_missed(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "x.zip", {"a": b"first"})
    assert read_member(path, "a", most=PLENTY) == b"first"
    path.rename(tmp_path / "moved.zip")
    with pytest.raises(FileNotFoundError):
        read_member(path, "a", most=PLENTY)
    with pytest.raises(DataError, match="cannot be read"):
        archive_members(path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # threads of other tests
def test_a_forked_process_does_not_disturb_its_parent(tmp_path: Path) -> None:
    contents = {f"{n}": os.urandom(3000) for n in range(200)}
    path = archive_of(tmp_path / "x.zip", contents)
    read_member(path, "0", most=PLENTY)
    child = os.fork()
    whole = all(read_member(path, name, most=PLENTY) == contents[name] for name in contents)
    if child == 0:
        os._exit(0 if whole else 1)
    assert whole
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_member_whose_bytes_are_damaged_is_no_usable_file(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"hello")
    path.write_bytes(path.read_bytes().replace(b"hello", b"hallo"))
    with pytest.raises(ImageError, match="damaged"):
        read_member(path, "a", most=PLENTY)
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpacked_member(path, archive_members(path)[0])


def test_a_member_is_unpacked_once_and_keeps_its_suffix(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "x.zip", {"in/ner.npy": b"content", "other/ner.npy": b"other"})
    first, second = archive_members(path)
    copy = unpacked_member(path, first)
    assert (copy.suffix, copy.read_bytes()) == (".npy", b"content")
    written = copy.stat().st_mtime_ns
    assert unpacked_member(path, first) == copy
    assert copy.stat().st_mtime_ns == written
    assert unpacked_member(path, second).read_bytes() == b"other"
