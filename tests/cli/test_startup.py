from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numpy", "pandas", "cv2", "keras", "tensorflow", "jax", "torch", "matplotlib", "sklearn")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["init", "--help"],
        ["run", "--help"],
        ["audit", "--help"],
        ["export", "--help"],
        ["doctor", "--help"],
        ["plugins", "list"],
        ["plugins", "list", "--json"],
        ["plugins", "doctor"],
    ],
    ids=" ".join,
)
def test_a_quick_command_imports_nothing_heavy(arguments: list[str]) -> None:
    code = f"""
import sys
from cellclf.cli.main import app
try:
    app({arguments!r})
except SystemExit as ended:
    assert not ended.code, ended.code
heavy = set({HEAVY!r}) & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
