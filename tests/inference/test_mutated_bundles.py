"""Thousands of changed bundles: each is refused with a reason, or says what the file says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.inference.mutated.kinds import KINDS

MOST = 1 << 30
"""Bytes of memory that none may take."""

SEALED = [name for name in KINDS if name.endswith("sealed anew")]


def judged(folder: Path, *, number: int, loaded: int, seed: int) -> Any:
    """What came of them, in a process that is watched."""
    module = "tests.inference.mutated.judging"
    counts = ("--number", number, "--loaded", loaded, "--seed", seed)
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, counts), str(folder)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=Path(__file__).parents[2],
        env={**os.environ, "HOME": str(folder), "TMPDIR": str(folder)},
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check(found: Any, *, number: int) -> None:
    assert found["wrong"] == []
    counts = found["kinds"]
    ends = ("refused", "same", "as written")
    assert sum(counts[kind].get(end, 0) for kind in KINDS for end in ends) == number
    assert max(found["peak_bytes"].values()) < MOST
    assert found["loading_bytes"] < MOST
    for kind in KINDS:
        # A change is either noticed by the digest, or the digest was made to fit it.
        assert kind in SEALED or "as written" not in counts[kind], kind
    assert counts["the same said otherwise"].keys() <= {"same", "loaded"}
    for kind in ("tensors swapped", "a name twice in JSON", "files of holes"):
        assert counts[kind].keys() <= {"refused", "loaded: refused"}, kind
    for kind in SEALED:
        assert counts[kind]["refused"] > 0, kind


def test_hundreds_of_changed_bundles_are_refused_or_say_what_they_said(tmp_path: Path) -> None:
    number = 20 * len(KINDS)
    check(judged(tmp_path, number=number, loaded=0, seed=1), number=number)


@pytest.mark.slow
def test_five_thousand_changed_bundles_are_and_some_of_them_classify(tmp_path: Path) -> None:
    found = judged(tmp_path, number=5_000, loaded=150, seed=0)
    check(found, number=5_000)
    assert sum(one.get("loaded", 0) for one in found["kinds"].values()) > 50
