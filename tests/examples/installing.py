"""Examples that are packages: installed where only a test sees them, and run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["installed_at", "run"]

SECONDS = 900
"""For one command: a busy machine is no reason to fail."""


def installed_at(target: Path, package: Path) -> dict[str, str]:
    """Install a package into an empty folder; return the environment that finds it there."""
    pip = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation")
    run(*pip, "--target", target, package, cwd=package)
    known = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": f"{target}{os.pathsep}{known}" if known else str(target)}


def run(*words: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> None:
    """Run `python` with these words; it must succeed."""
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
