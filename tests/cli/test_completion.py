from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = ("numpy", "keras", "tensorflow")
CODE = f"""
import sys
from cellclf.cli.main import app
try:
    app(prog_name="cellclf")
finally:
    assert not set({HEAVY!r}) & set(sys.modules)
"""


def completed(line: str) -> list[str]:
    """What a shell offers at the end of a line."""
    environment = {
        "_CELLCLF_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("cellclf aud", ["audit"]),
        ("cellclf run --dataset image_f", ["image_folder"]),
        ("cellclf plugins show rota", ["rotation"]),
        ("cellclf evaluate --metric roc", ["roc_auc"]),
        ("cellclf evaluate --part v", ["validation"]),
        ("cellclf export model --format saved", ["saved_model"]),
        ("cellclf predict model cells --engine ke", ["keras"]),
        ("cellclf predict model cells --views ", ["none", "flips", "dihedral"]),
    ],
)
def test_commands_names_and_choices_are_completed_without_a_network_library(
    line: str, offered: list[str]
) -> None:
    assert completed(line) == offered


def test_architectures_are_completed_one_after_the_other() -> None:
    pytest.importorskip("cellclf_custom_cnn")
    pytest.importorskip("cellclf_vgg")
    assert completed("cellclf run --model custom") == ["custom_cnn"]
    assert completed("cellclf run --model custom_cnn,vg") == ["custom_cnn,vgg16"]


def test_the_script_for_a_shell_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        env={**os.environ, "_CELLCLF_COMPLETE": "source_bash"},
    )
    assert "complete -o default" in done.stdout
