"""Trained models that come with plugins: by what name they answer, and what goes before them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cellclf
from cellclf.errors import BundleError, PluginError
from cellclf.inference.locate import find_bundle
from cellclf.packaged import packaged_file
from cellclf.registry import installed
from cellclf.specs import PretrainedSpec
from tests.conftest import Command
from tests.images import write_folder
from tests.listening import Listener
from tests.plugin_site import Site
from tests.shipping import CLASSES, SHIPPED, install, spec


@pytest.fixture
def bundle(site: Site) -> Path:
    return install(site)


@pytest.mark.parametrize("name", ["tiny_cells", "tiny-plugin/tiny_cells"])
def test_a_shipped_model_answers_by_its_name(bundle: Path, name: str) -> None:
    assert find_bundle(name) == bundle
    classifier = cellclf.load(name)
    assert classifier.classes == CLASSES
    images = np.zeros((3, 20, 20, 3), np.uint8)
    assert classifier.predict_proba(images).shape == (3, 2)


@pytest.mark.usefixtures("bundle")
def test_the_command_line_takes_its_name_where_it_takes_a_run(
    cellclf_command: Command, tmp_path: Path
) -> None:
    write_folder(tmp_path, {"new": 3})
    done = cellclf_command("predict", "tiny_cells", "new", "--engine", "keras")
    assert "total  3" in done.stdout


def test_a_file_of_that_name_goes_first_and_it_is_said(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny_cells").write_bytes(bundle.read_bytes())
    listener = Listener()
    assert find_bundle("tiny_cells", progress=listener) == Path("tiny_cells")
    assert "Using tiny_cells, which is here, and not the model" in listener.said[0]
    with pytest.warns(UserWarning, match="tiny-plugin/tiny_cells"):
        find_bundle("tiny_cells")
    assert find_bundle("tiny-plugin/tiny_cells") == bundle


def test_a_folder_of_that_name_that_holds_no_run_says_how_the_model_is_named(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny_cells").mkdir()
    with pytest.raises(BundleError, match=r"no model.*Or name .* tiny-plugin/tiny_cells"):
        find_bundle("tiny_cells", progress=Listener())


@pytest.mark.usefixtures("bundle")
@pytest.mark.parametrize("name", ["tiny_cels", "tiny-plugin/tiny_cels"])
def test_an_unknown_name_is_answered_with_those_that_there_are(name: str) -> None:
    with pytest.raises(
        BundleError, match=r"(?s)no trained model is called .*Installed:.*tiny_cells"
    ):
        find_bundle(name)


@pytest.mark.usefixtures("bundle")
def test_a_path_that_is_not_there_stays_a_path() -> None:
    assert find_bundle("runs/first") == Path("runs/first")
    assert find_bundle("tiny_cells.safetensors") == Path("tiny_cells.safetensors")


def test_two_of_one_name_must_be_told_apart(bundle: Path, site: Site) -> None:
    site.add("second-plugin", SHIPPED.replace("yield TINY", "yield from ()"))
    with pytest.raises(BundleError, match="'second-plugin/tiny_cells' or 'tiny-plugin/tiny_cells'"):
        find_bundle("tiny_cells")
    assert find_bundle("tiny-plugin/tiny_cells") == bundle


def test_a_plugin_that_does_not_work_is_named_where_its_model_is_asked_for(site: Site) -> None:
    site.add("tiny-plugin", "import no_such_module\n")
    with pytest.raises(
        BundleError, match=r"(?s)tiny_cells.*tiny-plugin is not available \(failed\)"
    ):
        find_bundle("tiny_cells")


def test_a_missing_file_is_said_with_the_package(bundle: Path) -> None:
    bundle.unlink()
    with pytest.raises(BundleError, match=r"'tiny_shipped' must hold the file 'shipped/cells\."):
        find_bundle("tiny_cells")
    with pytest.raises(PluginError, match="cannot be imported"):
        packaged_file("no_such_package:file.md")


def test_a_missing_architecture_names_the_distribution_to_install(bundle: Path, site: Site) -> None:
    site.add("second-plugin", SHIPPED.replace("yield TINY", "yield from ()"))
    (site.folder / "tiny_plugin.py").write_text("import cellclf\n")
    assert bundle.exists()
    with pytest.raises(BundleError, match=r"(?s)architecture 'tiny_net'.*pip install tiny-plugin"):
        cellclf.load("second-plugin/tiny_cells")


@pytest.mark.parametrize("address", ["cells.safetensors", "package:", "package:/etc/x", "", ":x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(PluginError, match="must look like 'package:folder/file'"):
        spec(bundle=address)


def test_one_can_be_offered_without_a_package(site: Site) -> None:
    installed.cache_clear()
    cellclf.register(spec(name="of_this_session"))
    assert installed().get(PretrainedSpec, "of_this_session").licence == "CC BY 4.0"


@pytest.mark.usefixtures("bundle")
def test_its_card_is_shown_with_where_the_bundle_lies(cellclf_command: Command) -> None:
    shown = cellclf_command("plugins", "show", "tiny_cells").stdout
    assert "pretrained tiny_cells  (tiny-plugin 1.0)" in shown
    assert "use: cellclf predict tiny_cells IMAGES" in shown
    assert "# Model card: tiny_cells" in shown
    assert "pretrained: tiny_cells" in cellclf_command("plugins", "list").stdout
