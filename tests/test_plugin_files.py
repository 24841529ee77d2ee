from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

import cellclf
from cellclf.errors import BundleError, PluginError, RunError
from cellclf.plugin_files import FILES
from cellclf.registry import installed, name_plugin_file
from cellclf.specs import AugmentationSpec, resolve
from cellclf.testing import check_plugin, write_images
from tests.conftest import Command
from tests.images import write_folder
from tests.plugin_site import GOOD, Site

DIM = """
import cellclf

@cellclf.hookimpl
def cellclf_augmentations():
    yield cellclf.AugmentationSpec(name="dim", summary="{summary}", apply="my_steps:dim")

def dim(image, rng, params):
    return image // {divisor}
"""

NETS = """
from dataclasses import replace

import cellclf
from tests.tiny import TINY, build

@cellclf.hookimpl
def cellclf_models():
    yield replace(TINY, build="my_nets:build")
"""


SHAPES = """
from dataclasses import replace

import cellclf
from tests.testing import shapes

@cellclf.hookimpl
def cellclf_datasets():
    yield replace(shapes.SHAPES, load="my_shapes:load")

def load(params, *, root):
    return shapes.load(params, root=root)
"""


def lay_shapes_out(folder: Path) -> None:
    write_images(folder, *(f"{label}/{n}.png" for label in ("round", "long") for n in range(2)))


def written(folder: Path, name: str, source: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return path


@pytest.fixture
def folder(site: Site) -> Path:
    """A folder that is not on the path, with a space and an umlaut in its name."""
    place = site.folder / "my prüfung"
    place.mkdir()
    return place


def test_what_a_file_offers_is_found_and_its_references_are_resolved(folder: Path) -> None:
    file = written(folder, "my_steps.py", DIM.format(summary="Halve", divisor=2))
    cellclf.load_plugin_file(file)
    offer = installed().offer(AugmentationSpec, "my_steps.py/dim")
    assert offer.spec.summary == "Halve"
    assert offer.version.startswith("sha256:")
    assert resolve(offer.spec.apply)(10, None, None) == 5
    assert os.environ[FILES] == str(file)
    assert not (folder / "__pycache__").exists()


def test_a_file_that_was_changed_is_read_anew(folder: Path) -> None:
    file = written(folder, "my_steps.py", DIM.format(summary="Halve", divisor=2))
    cellclf.load_plugin_file(file)
    before = installed().offer(AugmentationSpec, "dim").version
    written(folder, "my_steps.py", DIM.format(summary="Third", divisor=3))
    cellclf.load_plugin_file(folder / ".." / folder.name / "my_steps.py")
    after = installed().offer(AugmentationSpec, "dim")
    assert after.spec.summary == "Third"
    assert after.version != before
    assert resolve(after.spec.apply)(9, None, None) == 3


def test_files_that_the_environment_names_are_plugins_like_any(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = written(folder, "my_steps.py", DIM.format(summary="Halve", divisor=2))
    bad = written(folder, "bad_steps.py", "def work():\n    1 / 0\nwork()\n")
    monkeypatch.setenv(FILES, os.pathsep.join([str(bad), str(good), str(folder / "gone.py")]))
    by_name = {plugin.name: plugin for plugin in installed().plugins}
    assert by_name["my_steps"].status == "ok"
    assert by_name["bad_steps"].place == f"{bad}:2"
    assert by_name["gone"].reason == "it cannot be read: No such file or directory"
    with pytest.raises(PluginError, match=r"ZeroDivisionError.*bad_steps.py:2"):
        installed().get(AugmentationSpec, "bright")


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("numpy.py", "", "that name is taken by .*numpy"),
        ("json.py", "", "that name is taken by .*json"),
        ("my-steps.py", "", "must be called as a module of Python"),
        ("steps.txt", "", "must be called as a module of Python"),
        ("bad_steps.py", "import no_such_module", "No module named 'no_such_module' .*:1"),
        ("bad_steps.py", "x = (", "SyntaxError.*bad_steps.py:1"),
        ("bad_steps.py", GOOD.replace("cellclf_models", "cellclf_modles"), "bad_steps.py:4"),
    ],
)
def test_loading_a_file_that_does_not_work_says_why_and_where(
    folder: Path, name: str, source: str, reason: str
) -> None:
    file = written(folder, name, source.replace("{name}", "bad"))
    with pytest.raises(PluginError, match=reason):
        cellclf.load_plugin_file(file)
    assert name_plugin_file(file) == file


def test_a_command_is_told_of_files_and_lists_or_refuses_those_that_do_not_work(
    folder: Path, cellclf_command: Command
) -> None:
    good = written(folder, "my_steps.py", DIM.format(summary="Halve", divisor=2))
    bad = written(folder, "bad_steps.py", "1 / 0")
    listed = cellclf_command("plugins", "list", "--plugin", good, "--plugin", bad).stdout
    assert "my_steps  my_steps.py sha256:" in listed
    assert f"ZeroDivisionError: division by zero ({bad}:1)" in listed
    assert "Halve" in cellclf_command("plugins", "show", "dim", "--plugin", good).stdout
    refused = cellclf_command("run", "--plugin", bad, check=False)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"Error: plugin file {bad}: ZeroDivisionError")
    assert (
        "there is no plugin file" in cellclf_command("audit", "--plugin", "no", check=False).stderr
    )


def test_a_dataset_in_a_file_is_checked_in_other_processes_too(folder: Path) -> None:
    file = written(folder, "my_shapes.py", SHAPES)
    cellclf.load_plugin_file(file)
    (outcome,) = check_plugin(
        "my_shapes", root=lay_shapes_out, only=["loading_imports_nothing_heavy"]
    )
    assert outcome.status == "passed"


def test_checking_a_plugin_that_does_not_work_says_where_and_what_to_ask(folder: Path) -> None:
    bad = written(folder, "bad_steps.py", "1 / 0")
    name_plugin_file(bad)
    with pytest.raises(PluginError, match=r"bad_steps.py:1\)\n`cellclf plugins doctor`"):
        check_plugin("bad_steps")


@pytest.mark.slow
def test_a_run_and_its_model_remember_the_file_and_say_what_to_pass(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(folder, "my_nets.py", NETS)
    write_folder(folder / "cells", {"round": 12, "long": 12})
    cellclf.load_plugin_file(file)
    finished = cellclf.run(
        data={"path": str(folder / "cells"), "image_size": 16},
        models=["tiny_net"],
        training={"epochs": 1},
        out=str(folder / "run"),
    )
    known = {"file": str(file), "sha256": hashlib.sha256(NETS.encode()).hexdigest()}
    assert finished.record["plugin_files"] == [known]
    monkeypatch.setenv(FILES, "")
    installed.cache_clear()
    with pytest.raises(BundleError, match=r"it is a plugin file, pass --plugin my_nets\.py"):
        cellclf.load(finished.bundle())
    with pytest.raises(PluginError, match=r"begun with the plugin file .*: pass --plugin .*\.py"):
        cellclf.run(finished.path)
    (finished.path / "record.json").write_text(json.dumps(finished.record | {"status": "running"}))
    written(folder, "my_nets.py", f"{NETS}# changed")
    cellclf.load_plugin_file(file)
    with pytest.raises(RunError, match="it has changed"):
        cellclf.run(folder / "run")
