from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cellclf.errors import RunError
from cellclf.files import (
    cache_folder,
    partials_in,
    replacing,
    require_writable,
    write_json,
    write_text,
)


def test_a_file_whose_writing_fails_is_as_it_was_before(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    write_text(path, "42")
    with pytest.raises(ZeroDivisionError), replacing(path) as partial:
        partial.write_text("4")
        _ = 1 / 0
    assert path.read_text() == "42"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"file/answer\.txt cannot be written"):
        write_text(tmp_path / "file" / "answer.txt", "42")


@pytest.mark.parametrize("place", ["s3://cells/new.csv", "gs://new.csv"])
def test_no_folder_is_made_of_what_was_meant_to_be_an_address(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=r"not to an address\. Received: (s3:/cells|gs:)"):
        require_writable(Path(place).parent)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named_before_the_work(tmp_path: Path) -> None:
    require_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="file cannot be written"):
        require_writable(tmp_path / "file")


def test_a_figure_that_does_not_exist_is_null_in_json(tmp_path: Path) -> None:
    path = tmp_path / "new" / "figures.json"
    write_json(
        path, {"f1": {"rare": float("nan"), "odds": float("inf"), "common": 0.5}, "counts": (1, 2)}
    )
    assert json.loads(path.read_text()) == {
        "f1": {"rare": None, "odds": None, "common": 0.5},
        "counts": [1, 2],
    }


def test_the_cache_is_where_the_user_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELLCLF_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("CELLCLF_CACHE")
    assert cache_folder().name == "cellclf"


def test_threads_that_write_one_file_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "answer é.txt"
    together = threading.Barrier(8)

    def write(number: int) -> None:
        with replacing(path) as partial:
            partial.write_text(str(number))
            together.wait(timeout=60)
            assert partial.read_text() == str(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert path.read_text() in "01234567"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["answer", "answer.txt", "more.than one.dot", ".hidden.json"])
def test_a_partial_file_says_what_it_was_to_become(tmp_path: Path, name: str) -> None:
    with replacing(tmp_path / name) as partial:
        partial.touch()
        assert list(partials_in(tmp_path)) == [(partial, tmp_path / name)]
    (tmp_path / ".a user's own.partial.txt").touch()
    assert list(partials_in(tmp_path)) == []
