"""From what a user names to the files that are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from cellclf.errors import DataError
from cellclf.inference.finding import find_inputs


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names = ("b.png", "a.JPG", "deep/er/c.tif", "deep/d.png", "notes.txt", "._a.jpg", ".git/e.png")
    for name in names:
        (tmp_path / "cells" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cells" / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*paths: str | Path) -> list[str]:
    return [Path(name).as_posix() for name in find_inputs(paths).ids()]


def test_a_folder_gives_its_images_at_any_depth_sorted(folder: Path) -> None:
    assert names("cells") == [
        "cells/a.JPG",
        "cells/b.png",
        "cells/deep/d.png",
        "cells/deep/er/c.tif",
    ]


def test_one_path_need_not_be_in_a_list(folder: Path) -> None:
    assert names("cells/b.png") == [*find_inputs(Path("cells/b.png")).ids()]
    assert [*find_inputs("cells/b.png").ids()] == [str(Path("cells/b.png"))]


def test_files_keep_the_order_they_are_named_in_and_come_once(folder: Path) -> None:
    assert names("cells/b.png", "cells/a.JPG", "./cells/../cells/b.png", "cells/deep")[:2] == [
        "cells/b.png",
        "cells/a.JPG",
    ]
    assert len(names("cells", "cells/b.png", folder / "cells")) == 4


def test_a_file_that_is_named_is_taken_whatever_it_is_called(folder: Path) -> None:
    assert names("cells/notes.txt", "cells/._a.jpg") == ["cells/notes.txt", "cells/._a.jpg"]


def test_a_pattern_that_the_shell_left_alone_is_expanded_to_images(folder: Path) -> None:
    assert names("cells/*") == names("cells")
    assert names("cells/?.png") == ["cells/b.png"]
    assert names("cells/**/*.png") == ["cells/b.png", "cells/deep/d.png"]
    assert names(str(folder / "cells" / "[ab].*")) == [
        (folder / "cells" / name).as_posix() for name in ("a.JPG", "b.png")
    ]


def test_a_file_may_be_called_like_a_pattern(folder: Path) -> None:
    (folder / "cell[1].png").touch()
    assert names("cell[1].png") == ["cell[1].png"]


def test_everything_that_does_not_exist_is_named_at_once(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(DataError) as caught:
        find_inputs(["gone.png", "cells", "empty", "*.gif", "nul\0l"])
    message = str(caught.value)
    assert "no such file or folder: gone.png" in message
    assert "empty must hold images" in message
    assert "matches '*.gif'" in message
    assert "nul" in message


def test_nothing_and_things_that_are_no_paths_are_refused() -> None:
    with pytest.raises(DataError, match="none"):
        find_inputs([])
    with pytest.raises(DataError, match="int"):
        find_inputs([1])
