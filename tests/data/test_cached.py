from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cellclf.data import cached
from cellclf.data.cache import DAY, entries, prune
from cellclf.data.cached import CLAIMS, cached_file
from cellclf.data.holding import is_held
from cellclf.errors import DataError
from cellclf.files import cache_folder


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLCLF_CACHE", str(tmp_path / "cache"))


def source_of(folder: Path, content: str = "one") -> Path:
    source = folder / "source é.txt"
    source.write_text(content)
    return source


def copied(source: Path) -> Path:
    return cached_file(source, "copy.txt", lambda path: shutil.copyfile(source, path))


def test_a_cached_file_is_made_once_and_again_when_its_source_changed(tmp_path: Path) -> None:
    source = source_of(tmp_path)
    made = copied(source)
    assert (made.name, made.read_text()) == ("copy.txt", "one")
    assert cache_folder() in made.parents
    source.write_text("two!")
    assert copied(source).read_text() == "two!"
    cached_file(source, "copy.txt", lambda _: pytest.fail("it is there"))


def test_a_cached_file_that_could_not_be_made_is_not_there(tmp_path: Path) -> None:
    source = tmp_path / "source"
    with pytest.raises(DataError, match="cannot be read"):
        cached_file(source, "copy", Path.touch)
    source.touch()

    def fail(partial: Path) -> None:
        partial.write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cached_file(source, "copy", fail)
    assert cached_file(source, "copy", lambda path: path.touch()).read_text() == ""


@pytest.mark.parametrize("damage", [b"", b"on", b"onE", b"one and more"])
def test_a_cached_file_that_is_no_longer_what_was_made_is_made_again(
    tmp_path: Path, damage: bytes
) -> None:
    source = source_of(tmp_path)
    made = copied(source)
    before = made.stat()
    made.write_bytes(damage)
    os.utime(made, ns=(before.st_atime_ns, before.st_mtime_ns))  # its date tells nothing
    assert copied(source) == made
    assert made.read_text() == "one"


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"bytes": 3}'])
def test_a_cached_file_of_which_nobody_knows_what_it_was_is_made_again(
    tmp_path: Path, damage: str
) -> None:
    source = source_of(tmp_path)
    made = copied(source)
    made.with_name("copy.txt.sum.json").write_text(damage)
    made.write_text("eno")
    assert copied(source).read_text() == "one"


def test_threads_that_want_one_file_at_once_all_get_it_whole(tmp_path: Path) -> None:
    source = source_of(tmp_path, "long " * 100_000)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(copied, [source] * 16))
    assert len(set(made)) == 1
    assert made[0].read_text() == source.read_text()
    assert sorted(path.name for path in made[0].parent.glob("*.*")) == [
        ".held",
        "copy.txt",
        "copy.txt.sum.json",
    ]


def test_the_use_of_a_cached_file_is_noted(tmp_path: Path) -> None:
    source = source_of(tmp_path)
    entry = copied(source).parent
    os.utime(entry, (0, 0))
    copied(source)
    (listed,) = entries()
    assert listed.path == entry
    assert time.time() - listed.used < DAY


def test_a_process_has_a_claim_on_the_files_that_it_asked_for_lately(tmp_path: Path) -> None:
    made = []
    for number in range(CLAIMS + 2):
        source = tmp_path / f"{number}"
        source.touch()
        made.append(copied(source).parent)
        copied(source)
    assert [number for number, entry in enumerate(made) if not is_held(entry)] == [0, 1]
    assert len(prune(everything=True).removed) == 2


USER = """
import os, sys
from pathlib import Path
from cellclf.data.cached import cached_file
def write(path):
    path.write_text("half")
    if sys.argv[2] == "writes":
        print("writing", flush=True)
        sys.stdin.readline()
cached_file(Path(sys.argv[1]), "copy.txt", write)
print("made", flush=True)
sys.stdin.readline()
"""


def user(source: Path, what: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(source), what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_cached_file_is_in_use_until_the_process_that_asked_for_it_ends(tmp_path: Path) -> None:
    with user(source_of(tmp_path), "uses") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "made\n"
        (entry,) = prune(everything=True).in_use
        assert entry.in_use
        process.communicate("end\n", timeout=60)
    assert not is_held(entry.path)
    assert list((entry.path.parent / ".held").iterdir()) == []
    assert [one.path for one in prune(everything=True).removed] == [entry.path]


def test_what_a_killed_process_left_half_written_is_swept_and_what_a_living_one_writes_is_not(
    tmp_path: Path,
) -> None:
    source = source_of(tmp_path)
    with user(source, "writes") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        (partial,) = cache_folder().rglob("*.partial.txt")
        prune(everything=True)
        assert partial.exists()
        process.kill()
        process.communicate(timeout=60)
    assert partial.exists()
    made = copied(source)
    assert made.parent == partial.parent
    assert not partial.exists()
    assert made.read_text() == "one"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # threads of other tests
def test_a_forked_process_gives_up_nothing_of_its_parents(tmp_path: Path) -> None:
    entry = copied(source_of(tmp_path)).parent
    child = os.fork()
    if child == 0:
        cached._claims.release()
        copied(tmp_path / "source é.txt")
        cached._claims.release()
        os._exit(0 if is_held(entry) else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert is_held(entry)


def test_pruning_sweeps_partial_files_of_entries_that_stay(tmp_path: Path) -> None:
    made = copied(source_of(tmp_path))
    nobodys, young = (made.with_name(f".copy.{n}.partial.txt") for n in ("0af", "0b"))
    for partial in (nobodys, young):
        partial.write_text("half")
    os.utime(nobodys, (0, 0))
    prune(older_than=30)
    assert (made.exists(), nobodys.exists(), young.exists()) == (True, False, True)
