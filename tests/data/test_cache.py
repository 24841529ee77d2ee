from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cellclf.data.cache import DAY, entries, prune
from cellclf.data.holding import DRAFT, Hold, hold, is_held, sweep
from cellclf.errors import DataError


def kept(cache: Path, kind: str, name: str, *, size: int = 10, days: float = 0) -> Path:
    """A file that something keeps in the cache, last used so many days ago."""
    path = cache / kind / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


def names(cache: Path) -> list[str]:
    return [entry.path.name for entry in entries(cache)]


def test_a_cache_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert entries(tmp_path / "none") == ()
    assert prune(tmp_path / "none", everything=True).removed == ()


def test_entries_of_every_kind_are_listed_longest_unused_first(tmp_path: Path) -> None:
    kept(tmp_path, "audit", "new", size=7)
    kept(tmp_path, "unpacked", "old", days=3)
    folder = tmp_path / "stores" / "folder"
    folder.mkdir(parents=True)
    (folder / "part").write_bytes(bytes(5))
    os.utime(folder, (time.time() - DAY,) * 2)
    found = entries(tmp_path)
    assert [(entry.kind, entry.path.name, entry.bytes) for entry in found] == [
        ("unpacked", "old", 10),
        ("stores", "folder", 5),
        ("audit", "new", 7),
    ]
    assert [entry.in_use for entry in found] == [False] * 3


def test_what_was_long_unused_is_removed(tmp_path: Path) -> None:
    kept(tmp_path, "audit", "old", days=31)
    kept(tmp_path, "audit", "new", days=29)
    assert [entry.path.name for entry in prune(tmp_path, older_than=30).removed] == ["old"]
    assert names(tmp_path) == ["new"]


def test_the_longest_unused_go_until_the_rest_is_small_enough(tmp_path: Path) -> None:
    for days in range(5):
        kept(tmp_path, "audit", f"{days} days", size=100, days=days)
    prune(tmp_path, max_bytes=250)
    assert names(tmp_path) == ["1 days", "0 days"]
    prune(tmp_path, everything=True)
    assert names(tmp_path) == []


def test_what_is_in_use_stays_until_it_is_released(tmp_path: Path) -> None:
    entry = kept(tmp_path, "audit", "a[b] μ")
    kept(tmp_path, "audit", "other")
    claims = [hold(entry), hold(entry)]
    done = prune(tmp_path, everything=True)
    assert [one.path for one in done.in_use] == [entry]
    assert [one.path.name for one in done.removed] == ["other"]
    for claim in claims:
        assert is_held(entry)
        assert claim is not None
        claim.release()
    assert not is_held(entry)
    assert prune(tmp_path, everything=True).in_use == ()
    assert names(tmp_path) == []


def test_a_use_is_noted(tmp_path: Path) -> None:
    entry = kept(tmp_path, "audit", "old", days=9)
    claim = hold(entry)
    assert time.time() - entry.stat().st_mtime < DAY
    assert claim is not None
    claim.release()


def test_a_claim_ends_with_the_object_that_it_was_made_for(tmp_path: Path) -> None:
    class Images:
        pass

    entry = kept(tmp_path, "stores", "one")
    images = Images()
    Hold(entry).release_with(images)
    assert is_held(entry)
    del images
    assert not is_held(entry)


HOLDER = """
import sys
from pathlib import Path
from cellclf.data.holding import hold
claim = hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.readline()
"""


def test_another_process_keeps_its_entry_until_it_is_killed(tmp_path: Path) -> None:
    entry = kept(tmp_path, "stores", "theirs")
    draft = tmp_path / "stores" / f"{DRAFT}theirs"
    draft.mkdir()
    holders = [
        subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for path in (entry, draft)
    ]
    try:
        for holder in holders:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
        assert [one.path for one in prune(tmp_path, everything=True).in_use] == [entry]
        assert draft.exists()
    finally:
        for holder in holders:
            holder.kill()
            holder.communicate()
    assert [one.path for one in prune(tmp_path, everything=True).removed] == [entry]
    assert not draft.exists()


def test_drafts_that_nobody_ever_claimed_go_by_their_age(tmp_path: Path) -> None:
    young, old = tmp_path / f"{DRAFT}young", tmp_path / f"{DRAFT}old"
    for draft in (young, old):
        draft.mkdir()
    os.utime(old, (0, 0))
    sweep(tmp_path)
    assert (young.exists(), old.exists()) == (True, False)


def test_pruning_wants_to_be_told_what(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"must be told what to remove. Received"):
        prune(tmp_path)
    with pytest.raises(DataError, match="Received: older_than=-1"):
        prune(tmp_path, older_than=-1)
