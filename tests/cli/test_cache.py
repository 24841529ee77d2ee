from __future__ import annotations

import json
from pathlib import Path

from cellclf.data.holding import hold
from tests.conftest import Command


def test_the_cache_is_listed_and_pruned(cellclf_command: Command, tmp_path: Path) -> None:
    env = {"CELLCLF_CACHE": str(tmp_path / "cache")}
    for name in ("used", "unused"):
        entry = tmp_path / "cache" / "stores" / name
        entry.mkdir(parents=True)
        (entry / "store.json").write_text('{"shape": [1234, 8, 8, 3]}', encoding="utf-8")
    claim = hold(tmp_path / "cache" / "stores" / "used")
    listed = json.loads(cellclf_command("cache", "list", "--json", env=env).stdout)
    assert {Path(entry["path"]).name: entry["in_use"] for entry in listed} == {
        "used": True,
        "unused": False,
    }
    assert "stores/unused  0.0 MB, 1,234 images, last used" in (
        cellclf_command("cache", "list", env=env).stdout
    )
    told = cellclf_command("cache", "prune", "--all", env=env).stdout
    assert "removed 1 entries" in told
    assert "in use, and left: stores/used" in told
    assert claim is not None
    claim.release()
    cellclf_command("cache", "prune", "--older-than", "0", env=env)
    assert json.loads(cellclf_command("cache", "list", "--json", env=env).stdout) == []


def test_pruning_without_saying_what_is_refused(cellclf_command: Command) -> None:
    done = cellclf_command("cache", "prune", check=False)
    assert done.returncode == 2
    assert "--older-than" in done.stderr
