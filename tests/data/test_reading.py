from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cellclf.data.reading import content_hash, image_size, read_sample
from cellclf.data.samples import Sample
from cellclf.errors import ImageError
from tests.data.image_files import encoded, picture

ORIENTATION = 274
"""Tag of the EXIF orientation."""


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    path = tmp_path / "Zelle_μ_細胞.png"
    path.write_bytes(encoded(Image.fromarray(picture()), "PNG"))
    return path


def at(path: Path, **more: object) -> Sample:
    return Sample(id="a", label="ig", path=str(path), **more)  # type: ignore[arg-type]


def test_a_file_with_a_name_that_is_not_ascii_is_read(cell: Path) -> None:
    digest, image = read_sample(at(cell), None)
    np.testing.assert_array_equal(image, picture())
    assert digest == hashlib.sha256(cell.read_bytes()).hexdigest()


def test_the_hash_alone_is_the_one_that_comes_with_the_pixels(cell: Path) -> None:
    images = np.stack([picture(seed=1), picture(seed=2)])
    for sample in (at(cell), at(cell, box=(1, 2, 3, 4)), Sample(id="b", label="ig", index=1)):
        assert content_hash(sample, images) == read_sample(sample, images)[0]


def test_a_box_is_cut_and_is_part_of_the_content(cell: Path) -> None:
    digest, image = read_sample(at(cell, box=(2, 3, 10, 20)), None)
    np.testing.assert_array_equal(image, picture()[3:20, 2:10])
    assert digest != content_hash(at(cell), None)
    assert digest != content_hash(at(cell, box=(2, 3, 10, 19)), None)


@pytest.mark.parametrize("box", [(-1, 0, 4, 4), (0, 0, 17, 4), (4, 4, 4, 8), (0, 20, 4, 25)])
def test_a_box_that_is_not_inside_the_image_is_refused(
    cell: Path, box: tuple[int, int, int, int]
) -> None:
    with pytest.raises(ImageError, match=r"inside the image of 16 x 24 pixels. Received"):
        read_sample(at(cell, box=box), None)


def test_a_row_of_an_array_is_a_sample() -> None:
    images = np.stack([picture(seed=1), picture(seed=2), picture(seed=1)])
    rows = [Sample(id=str(n), label="ig", index=n) for n in range(3)]
    hashes = [content_hash(row, images) for row in rows]
    assert hashes[0] == hashes[2] != hashes[1]
    np.testing.assert_array_equal(read_sample(rows[1], images)[1], images[1])
    with pytest.raises(ImageError, match="no image 2: the array holds 0"):
        content_hash(rows[2], None)


def test_the_shape_of_a_row_is_part_of_its_content() -> None:
    sample = Sample(id="a", label="ig", index=0)
    tall, wide = np.zeros((1, 8, 2, 3), np.uint8), np.zeros((1, 2, 8, 3), np.uint8)
    assert content_hash(sample, tall) != content_hash(sample, wide)


def test_a_member_of_a_zip_file_is_read(tmp_path: Path, cell: Path) -> None:
    archive = tmp_path / "cells.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(cell, "ig/a.png")
    digest, image = read_sample(at(archive, member="ig/a.png"), None)
    np.testing.assert_array_equal(image, picture())
    assert digest == content_hash(at(cell), None)
    with pytest.raises(ImageError, match=r"the archive holds no 'b.png'"):
        content_hash(at(archive, member="b.png"), None)
    with pytest.raises(ImageError, match="damaged or no zip file"):
        content_hash(at(cell, member="b.png"), None)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, cell: Path) -> None:
    with pytest.raises(ImageError, match="the file does not exist"):
        content_hash(at(tmp_path / "none.png"), None)
    with pytest.raises(ImageError, match=r"not a file|denied"):
        content_hash(at(tmp_path), None)
    with pytest.raises(ImageError, match="cannot be read"):
        content_hash(at(cell / "below.png"), None)


def test_the_size_of_an_image_is_read_from_its_header_the_right_way_up(
    tmp_path: Path, cell: Path
) -> None:
    assert image_size(at(cell)) == image_size(at(cell, box=(1, 2, 3, 4))) == (24, 16)
    turned = Image.Exif()
    turned[ORIENTATION] = 6
    path = tmp_path / "turned.jpg"
    path.write_bytes(encoded(Image.fromarray(picture()), "JPEG", exif=turned))
    assert image_size(at(path)) == read_sample(at(path), None)[1].shape[:2] == (16, 24)
