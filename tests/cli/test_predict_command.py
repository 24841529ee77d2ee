"""`cellclf predict` as it is typed: its files, how it is stopped, and who reads what it wrote."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import pytest

from cellclf.inference.results import Results
from cellclf.pipeline.finished import FinishedRun
from tests.conftest import Command
from tests.images import write_folder
from tests.tiny_run import finished_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    place = tmp_path_factory.mktemp("finished")
    cells = {"lymphocyte": 12, "monocyte": 12}
    return finished_run(place, cells, training={"epochs": 1, "batch_size": 8})


@pytest.fixture(autouse=True)
def _slides(tmp_path: Path, tiny_net: None) -> None:
    write_folder(tmp_path / "slides", {"A": 6, "B": 4})
    (tmp_path / "slides" / "A" / "broken.png").touch()


def test_each_file_that_is_written_is_named_and_can_be_counted_and_judged(
    finished: FinishedRun, cellclf_command: Command
) -> None:
    counts = []
    for suffix in (".csv", ".parquet", ".jsonl"):
        out = f"new{suffix}"
        done = cellclf_command(
            *("predict", finished.path, "slides", "--engine", "keras", "--out", out, "--resume")
        )
        for name in (out, "new.json", "new.unreadable.csv"):
            assert f"Written: {name}" in done.stdout
        assert "Could not be read: 1; all in new.unreadable.csv" in done.stdout
        counts.append(cellclf_command("differential", out).stdout.replace(out, "new"))
        judged = cellclf_command("evaluate", "--predictions", out, check=False)
        assert "no row has a label" in judged.stderr
    assert len(set(counts)) == 1


def test_ctrl_c_says_how_to_go_on_and_the_same_command_does(
    finished: FinishedRun, cellclf_command: Command, tmp_path: Path
) -> None:
    command = ("predict", finished.path, "slides", "--engine", "keras", "--out", "new.csv")

    def stopping(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(Results, "add", stopping)
        done = cellclf_command(*command, check=False)
    assert done.returncode == 130
    assert "The same command with --resume goes on." in done.stderr
    refused = cellclf_command(*command, check=False)
    assert refused.returncode == 1
    assert "Go on with it by --resume" in refused.stderr
    cellclf_command(*command, "--resume")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("new.csv", "new.json", "new.unreadable.csv", "slides")
    ]


def test_resume_needs_a_file(finished: FinishedRun, cellclf_command: Command) -> None:
    done = cellclf_command("predict", finished.path, "slides", "--resume", check=False)
    assert done.returncode == 2
    assert "--resume needs --out" in done.stderr


def test_a_page_needs_no_file_of_rows(
    finished: FinishedRun, cellclf_command: Command, tmp_path: Path
) -> None:
    done = cellclf_command(
        *("predict", finished.path, "slides", "--engine", "keras", "--report", "new.html")
    )
    assert "Could not be read: 1\n  slides/A/broken.png: the file is empty" in done.stdout
    assert "Written: new.html" in done.stdout
    assert done.stdout.count("Written") == 1
    text = (tmp_path / "new.html").read_text(encoding="utf-8")
    assert "10 images, 2 specimens" in text
    assert "broken.png" in text


def test_ctrl_c_does_not_speak_of_resume_where_no_rows_are_kept(
    finished: FinishedRun, cellclf_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopping(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Results, "add", stopping)
    done = cellclf_command(
        *("predict", finished.path, "slides", "--engine", "keras", "--report", "new.html"),
        check=False,
    )
    assert done.returncode == 130
    assert done.stderr.endswith("Stopped.\n")


def test_an_archive_and_a_list_give_what_the_folder_gives(
    finished: FinishedRun,
    cellclf_command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.make_archive(str(tmp_path / "slides"), "zip", tmp_path / "slides")
    command = ("predict", finished.path, "--engine", "keras")
    of_folder = cellclf_command(*command, "slides").stdout
    of_archive = cellclf_command(*command, "slides.zip").stdout
    assert of_archive.replace("slides.zip/", "slides/") == of_folder
    names = sorted(path.relative_to(tmp_path) for path in (tmp_path / "slides").rglob("*.png"))
    listed = "\0".join(path.as_posix() for path in names).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed)))
    assert cellclf_command(*command, "-").stdout == of_folder
