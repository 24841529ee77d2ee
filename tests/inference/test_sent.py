"""Names of images go to another machine and come back as they were."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from cellclf.data.reading import read_square
from cellclf.inference.finding import find_inputs
from cellclf.inference.inputs import Files, Inputs
from cellclf.inference.sent import inputs_of, sent, unseen


@pytest.fixture
def cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    """Images in a folder, in a zip file and in an array, named by relative paths."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (6, 9, 7, 3), dtype=np.uint8)
    Path("folder").mkdir()
    with zipfile.ZipFile("cells.zip", "w") as archive:
        for number, image in enumerate(images[:4]):
            _, content = cv2.imencode(".png", image)
            Path(f"folder/{number}.png").write_bytes(content.tobytes())
            archive.writestr(f"inner/{number}.png", content.tobytes())
    np.save("cells.npy", images[4:])
    return find_inputs(["folder", "cells.zip", "cells.npy"])


def test_images_are_read_elsewhere_as_they_are_here(
    cells: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = [read_square(one.sample, one.images, size=8, mode="pad") for one in cells]
    table = sent(cells)
    monkeypatch.chdir(tmp_path.parent)
    found = inputs_of(table)
    assert [*found.ids()] == [*cells.ids()]
    for one, wanted in zip(found, here, strict=True):
        square = read_square(one.sample, one.images, size=8, mode="pad")
        assert square.content == wanted.content
        assert square.reason == wanted.reason == ""
        np.testing.assert_array_equal(square.image, wanted.image)


def test_names_need_not_be_text() -> None:
    names = ["/cells/\udcff.png", "/cells/é\n.png"]
    assert [*inputs_of(sent(Inputs([Files(names=names)]))).ids()] == names


def test_a_machine_that_has_none_of_the_files_is_found_out(cells: Inputs, tmp_path: Path) -> None:
    table = sent(cells)
    assert unseen(table) == ""
    Path("folder/0.png").unlink()
    assert unseen(table) == ""
    elsewhere = sent(find_inputs(["folder"]))
    for file in Path("folder").iterdir():
        file.unlink()
    assert unseen(elsewhere) == str(tmp_path / "folder" / "1.png")


def test_a_file_of_an_array_that_is_not_there_gives_no_image(cells: Inputs) -> None:
    table = sent(cells[8:])
    Path("cells.npy").unlink()
    assert unseen(table).endswith("cells.npy")
    one = inputs_of(table)[0]
    assert read_square(one.sample, one.images, size=8, mode="pad").image is None


def test_addresses_stay_as_they_are_and_are_not_looked_for() -> None:
    table = sent(Inputs([Files(names=["s3://cells/1.png"], far=True)]))
    assert inputs_of(table)[0].sample.path == "s3://cells/1.png"
    assert inputs_of(table).far
    assert unseen(table) == ""
