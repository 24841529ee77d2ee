from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

import cellclf
from cellclf import testing


def test_the_public_names_are_sorted_and_all_there() -> None:
    constants_first = sorted(
        cellclf.__all__, key=lambda name: (not name.isupper(), name.islower(), name)
    )
    assert constants_first == cellclf.__all__
    assert set(cellclf.__all__) == set(cellclf._HOME)
    for name in cellclf.__all__:
        assert getattr(cellclf, name) is not None


@pytest.mark.parametrize("package", [cellclf, testing], ids=lambda package: package.__name__)
def test_what_is_public_is_sorted_and_there(package: ModuleType) -> None:
    names = getattr(package, "__all__", [])
    assert names == sorted(names, key=lambda name: (not name.isupper(), name.islower(), name))
    assert [name for name in names if getattr(package, name, None) is None] == []


def test_importing_the_package_loads_nothing_heavy_and_sets_nothing() -> None:
    code = """
import os, sys
before = dict(os.environ)
import cellclf
heavy = {"numpy", "keras", "tensorflow", "cv2", "pandas", "pydantic"} & set(sys.modules)
assert not heavy, heavy
assert dict(os.environ) == before
"""
    subprocess.run([sys.executable, "-c", code], check=True)
