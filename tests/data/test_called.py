"""From what an image is called to where it is."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PIL import Image

from cellclf.data.called import sample_called
from cellclf.data.reading import read_sample
from cellclf.errors import ImageError
from tests.data.image_files import encoded, picture


def test_files_and_members_of_archives_are_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    png = encoded(Image.fromarray(picture()), "PNG")
    with zipfile.ZipFile("set.ZIP", "w") as archive:
        archive.writestr("a/1.png", png)
    (tmp_path / "folder.zip").mkdir()
    (tmp_path / "folder.zip" / "1.png").write_bytes(png)
    for name in ("set.ZIP/a/1.png", "folder.zip/1.png"):
        assert read_sample(sample_called(name), None)[1].shape == (24, 16, 3)
    for name in ("set.ZIP/a/2.png", "set.npz#3"):
        with pytest.raises(ImageError):
            read_sample(sample_called(name), None)
    assert sample_called("s3://cells/1.png").path == "s3://cells/1.png"
