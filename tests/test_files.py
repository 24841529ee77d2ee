from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cellclf.errors import DataError, RunError
from cellclf.files import (
    cache_folder,
    cached_file,
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


def test_a_cached_file_is_made_once_and_again_when_its_source_changed(tmp_path: Path) -> None:
    source = tmp_path / "source é.txt"
    source.write_text("one")

    def copy() -> str:
        made = cached_file(source, "copy.txt", lambda path: shutil.copyfile(source, path))
        assert made.name == "copy.txt"
        assert cache_folder() in made.parents
        return made.read_text()

    assert copy() == "one"
    source.write_text("two!")
    assert copy() == "two!"
    cached_file(source, "copy.txt", lambda _: pytest.fail("it is there"))


def test_a_cached_file_that_could_not_be_made_is_not_there(tmp_path: Path) -> None:
    source = tmp_path / "source"
    with pytest.raises(DataError, match="cannot be read"):
        cached_file(source, "copy", Path.touch)
    source.touch()

    def fail(partial: Path) -> None:
        partial.write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cached_file(source, "copy", fail)
    assert cached_file(source, "copy", lambda path: path.touch()).read_text() == ""
