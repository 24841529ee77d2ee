"""`kagglehub` is somebody else's: a stand-in with its interface takes its place here, and the
interface is held against the real one."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from cellclf.data.kaggle import download_from_kaggle
from cellclf.errors import DataError
from tests.data.test_download import Listener

STAND_IN = """
import os
from pathlib import Path

def dataset_download(handle, path=None, *, force_download=False, output_dir=None):
    print("a newer version is available")
    cache = Path(os.environ["KAGGLEHUB_CACHE"])
    archive = cache / "unfinished.archive"
    if handle == "somebody/broken" and not archive.exists():
        archive.write_text("half")
        raise ConnectionError("no route to host")
    folder = cache / "datasets" / handle / "versions" / "1"
    if handle == "somebody/mounted":
        folder = Path(os.environ["MOUNTED"])
    (folder / "cells" / "ig").mkdir(parents=True, exist_ok=True)
    (folder / "cells" / "ig" / "1.jpg").write_text("image")
    (folder / "labels.csv").write_text("1,ig")
    return str(folder)
"""


@pytest.fixture
def _stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    site = tmp_path / "site"
    site.mkdir()
    (site / "kagglehub.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "kagglehub", raising=False)
    monkeypatch.delenv("KAGGLEHUB_CACHE", raising=False)
    yield
    sys.modules.pop("kagglehub", None)


def files_in(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.usefixtures("_stand_in")
def test_the_files_of_the_set_alone_are_put_into_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listener = Listener()
    to = tmp_path / "sets of Zoë"
    assert download_from_kaggle("somebody/cells", to, progress=listener) == to
    assert files_in(to) == ["cells/ig/1.jpg", "labels.csv"]
    assert sorted(path.name for path in to.iterdir()) == ["cells", "labels.csv"]
    assert listener.said == ["somebody/cells comes from Kaggle"]
    assert "KAGGLEHUB_CACHE" not in os.environ
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "a newer version" in printed.err


@pytest.mark.usefixtures("_stand_in")
def test_the_users_own_cache_of_kagglehub_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "own"))
    download_from_kaggle("somebody/cells", tmp_path / "to")
    assert os.environ["KAGGLEHUB_CACHE"] == str(tmp_path / "own")
    assert not (tmp_path / "own").exists()


@pytest.mark.usefixtures("_stand_in")
def test_an_interrupted_download_is_kept_and_the_same_again_goes_on(tmp_path: Path) -> None:
    to = tmp_path / "to"
    with pytest.raises(
        DataError,
        match=r"did not give somebody/broken: ConnectionError: no route to host.*in a browser from "
        r"https://www.kaggle.com/datasets/somebody/broken",
    ):
        download_from_kaggle("somebody/broken", to)
    assert files_in(to) == [".kagglehub/unfinished.archive"]
    download_from_kaggle("somebody/broken", to)
    assert files_in(to) == ["cells/ig/1.jpg", "labels.csv"]


@pytest.mark.usefixtures("_stand_in")
def test_a_mounted_set_on_kaggles_own_machines_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOUNTED", str(tmp_path / "mounted"))
    download_from_kaggle("somebody/mounted", tmp_path / "to")
    assert files_in(tmp_path / "to") == files_in(tmp_path / "mounted")


@pytest.mark.usefixtures("_stand_in")
def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match=r"must be empty.* which holds 'mine.txt'. If that is the"):
        download_from_kaggle("somebody/cells", tmp_path / "to")
    assert files_in(tmp_path / "to") == ["mine.txt"]


def test_without_kagglehub_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)  # what Python keeps of a missing module
    with pytest.raises(
        DataError,
        match=r"pip install 'cellclf\[kaggle\]'. Or download it in a browser from "
        r"https://www.kaggle.com/datasets/somebody/cells: the zip file can be read as it is",
    ):
        download_from_kaggle("somebody/cells/versions/1", tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_the_real_kagglehub_has_the_interface_of_the_stand_in() -> None:
    kagglehub = pytest.importorskip("kagglehub")
    stand_in: dict[str, object] = {}
    exec(STAND_IN, stand_in)
    ours = inspect.signature(stand_in["dataset_download"])  # type: ignore[arg-type]
    real = inspect.signature(kagglehub.dataset_download)
    assert [(p.name, p.kind) for p in real.parameters.values()] == [
        (p.name, p.kind) for p in ours.parameters.values()
    ]
    assert import_module("kagglehub.config").CACHE_FOLDER_ENV_VAR_NAME == "KAGGLEHUB_CACHE"
