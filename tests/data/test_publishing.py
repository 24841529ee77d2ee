from __future__ import annotations

from pathlib import Path

import pytest

from cellclf.data.publishing import (
    STAGING,
    finish,
    is_finished,
    is_moving,
    publish,
    require_empty,
    require_finished,
)
from cellclf.errors import DataError


def staged_in(folder: Path) -> Path:
    staged = folder / STAGING / "new"
    (staged / "Zellen ä").mkdir(parents=True)
    (staged / "Zellen ä" / "1.jpg").write_text("image")
    (staged / "empty").mkdir()
    return staged


def test_what_is_staged_becomes_the_set_and_nothing_else_is_left(tmp_path: Path) -> None:
    publish(staged_in(tmp_path), tmp_path, "cells")
    assert is_finished(tmp_path, "cells")
    assert not is_moving(tmp_path)
    require_finished(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".fetched.json",
        "Zellen ä",
        "empty",
    ]


def test_what_came_into_the_folder_meanwhile_is_left_alone(tmp_path: Path) -> None:
    staged = staged_in(tmp_path)
    require_empty(tmp_path)
    (tmp_path / "mine").touch()
    with pytest.raises(DataError, match=r"must be empty or not there yet.* holds 'mine'"):
        publish(staged, tmp_path, "cells")
    assert (staged / "Zellen ä" / "1.jpg").exists()
    require_finished(tmp_path)


def test_a_part_that_was_taken_away_before_the_end_is_missed(tmp_path: Path) -> None:
    staged = staged_in(tmp_path)
    (tmp_path / "Zellen ä").mkdir(parents=True)
    with pytest.raises(DataError):
        publish(staged, tmp_path, "cells")
    (tmp_path / "Zellen ä").rmdir()
    publish(staged, tmp_path, "cells")
    record = (tmp_path / ".fetched.json").read_text()
    (tmp_path / ".fetched.json").unlink()
    (tmp_path / STAGING).mkdir()
    (tmp_path / STAGING / "moving.json").write_text(record)
    (tmp_path / "Zellen ä" / "1.jpg").unlink()
    with pytest.raises(DataError, match="1 of 1 files are missing"):
        finish(tmp_path, "cells")
    assert is_moving(tmp_path)


@pytest.mark.parametrize("record", ["", "{", "[]", "{}", '{"name": "cells"}'])
def test_a_damaged_record_is_said_and_not_believed(tmp_path: Path, record: str) -> None:
    (tmp_path / ".fetched.json").write_text(record)
    with pytest.raises(DataError, match=r"fetched.json must be as a fetch has written it"):
        is_finished(tmp_path, "cells")
