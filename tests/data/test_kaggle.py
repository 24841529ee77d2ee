"""`kagglehub` is somebody else's: a stand-in with its interface takes its place here, and the
interface is held against the real one."""

from __future__ import annotations

import inspect
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from cellclf.data.kaggle import download_from_kaggle
from cellclf.data.listing import list_files
from cellclf.data.publishing import is_moving
from cellclf.errors import DataError
from tests.data.test_download import Listener

TOP = ["cells", "labels.csv"]
"""What lies at the top of the set of the stand-in."""

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


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from cellclf.data.kaggle import download_from_kaggle as download

def kill(event, arguments):
    # The moment before anything is renamed or removed.
    global left
    if event in ("os.rename", "os.remove", "shutil.rmtree"):
        left -= 1
        if left < 0:
            os._exit(9)

left = int(sys.argv[3])
sys.addaudithook(kill)
download(sys.argv[1], Path(sys.argv[2]))
"""

MOST_STEPS = 100


def killed_at(step: int, handle: str, to: Path, *, site: Path) -> bool:
    """Fetch in a process that is killed at a step; whether it got that far."""
    command = [sys.executable, "-c", KILLED, handle, str(to), str(step), str(site)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, 9), done.stderr
    return done.returncode == 9


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
    assert files_in(to) == [".fetched.json", "cells/ig/1.jpg", "labels.csv"]
    assert sorted(path.name for path in to.iterdir()) == [".fetched.json", *TOP]
    assert [file.id for file in list_files(to).files] == ["cells/ig/1.jpg", "labels.csv"]
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
    assert files_in(to) == [".fetching/kagglehub/unfinished.archive"]
    download_from_kaggle("somebody/broken", to)
    assert files_in(to) == [".fetched.json", "cells/ig/1.jpg", "labels.csv"]


@pytest.mark.usefixtures("_stand_in")
def test_a_set_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    to = tmp_path / "to"
    download_from_kaggle("somebody/cells", to)
    before = files_in(to)
    (tmp_path / "site" / "kagglehub.py").unlink()
    del sys.modules["kagglehub"]  # nobody could fetch anything now
    (to / "Thumbs.db").touch()
    listener = Listener()
    assert download_from_kaggle("somebody/cells", to, progress=listener) == to
    assert listener.said == [f"{to} is there already"]
    assert files_in(to) == sorted([*before, "Thumbs.db"])


@pytest.mark.usefixtures("_stand_in")
def test_a_set_of_which_something_is_gone_is_not_said_to_be_there(tmp_path: Path) -> None:
    to = tmp_path / "to"
    download_from_kaggle("somebody/cells", to)
    (to / "labels.csv").write_text("")
    (to / "cells" / "ig" / "1.jpg").unlink()
    with pytest.raises(DataError, match=r"2 of 2 files are missing .* first cells/ig/1.jpg. Rem"):
        download_from_kaggle("somebody/cells", to)


@pytest.mark.usefixtures("_stand_in")
def test_a_folder_of_one_set_takes_no_other(tmp_path: Path) -> None:
    download_from_kaggle("somebody/cells", tmp_path / "to")
    with pytest.raises(DataError, match=r"Received: one for somebody/cells, as .*fetched.json"):
        download_from_kaggle("somebody/else", tmp_path / "to")


@pytest.mark.usefixtures("_stand_in")
@pytest.mark.parametrize("handle", ["somebody/cells", "somebody/mounted"])
def test_whenever_it_is_killed_the_same_again_finishes_and_no_part_passes_for_the_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handle: str
) -> None:
    monkeypatch.setenv("MOUNTED", str(tmp_path / "mounted"))
    wanted = ["cells/ig/1.jpg", "labels.csv"]
    seen: set[str] = set()
    for step in range(MOST_STEPS):
        to = tmp_path / "to" / str(step)
        was_killed = killed_at(step, handle, to, site=tmp_path / "site")
        try:
            listed = [file.id for file in list_files(to).files]
        except DataError as error:
            assert "must hold a whole set. Received: a part" in str(error)
            seen.add("a part")
        else:
            assert listed in ([], wanted)
            seen.add("the set" if listed else "nothing")
        listener = Listener()
        download_from_kaggle(handle, to, progress=listener)
        assert files_in(to) == [".fetched.json", *wanted]
        assert sorted(path.name for path in to.iterdir()) == [".fetched.json", *TOP]
        if not was_killed:
            assert listener.said == [f"{to} is there already"]
            break
    assert not was_killed
    assert seen == {"nothing", "a part", "the set"}


@pytest.mark.usefixtures("_stand_in")
def test_what_was_put_in_the_way_of_a_stopped_fetch_is_left_alone(tmp_path: Path) -> None:
    to = tmp_path / "to"
    steps = iter(range(MOST_STEPS))
    while not (is_moving(to) and (to / "cells").exists()):
        shutil.rmtree(to, ignore_errors=True)
        assert killed_at(next(steps), "somebody/cells", to, site=tmp_path / "site")
    (to / "labels.csv").write_text("mine")
    with pytest.raises(DataError, match=r"labels.csv must not be there before .* Move it away"):
        download_from_kaggle("somebody/cells", to)
    assert (to / "labels.csv").read_text() == "mine"
    (to / "labels.csv").unlink()
    with pytest.raises(DataError, match=r"Received: one for somebody/cells"):
        download_from_kaggle("somebody/else", to)
    download_from_kaggle("somebody/cells", to)
    assert files_in(to) == [".fetched.json", "cells/ig/1.jpg", "labels.csv"]


@pytest.mark.usefixtures("_stand_in")
def test_a_mounted_set_on_kaggles_own_machines_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOUNTED", str(tmp_path / "mounted"))
    download_from_kaggle("somebody/mounted", tmp_path / "to")
    assert files_in(tmp_path / "to") == [".fetched.json", *files_in(tmp_path / "mounted")]


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
