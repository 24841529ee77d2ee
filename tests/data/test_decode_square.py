"""From an image of any shape to the square that a network is shown."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cellclf.data.decode import decode, decode_square, resize
from cellclf.errors import DataError
from tests.data.image_files import LOSSLESS, encoded, far, picture

REDUCED_ERROR = 6  # levels between the two ways of halving a smooth picture


@pytest.mark.parametrize("mode", ["stretch", "pad"])
@pytest.mark.parametrize("shape", [(64, 48), (363, 360), (130, 1000), (17, 9)])
def test_a_jpeg_decoded_for_its_size_looks_as_if_decoded_in_full(
    mode: str, shape: tuple[int, int]
) -> None:
    content = encoded(Image.fromarray(picture(*shape)), "JPEG", quality=95)
    whole = resize(decode(content), 16, mode)  # type: ignore[arg-type]
    square = decode_square(content, 16, mode)  # type: ignore[arg-type]
    assert square.shape == (16, 16, 3)
    assert far(square, whole) <= REDUCED_ERROR


@pytest.mark.parametrize("form", LOSSLESS)
def test_what_is_no_jpeg_is_decoded_for_its_size_as_in_full(form: str) -> None:
    content = encoded(Image.fromarray(picture(70, 50)), form, **LOSSLESS[form])
    np.testing.assert_array_equal(
        decode_square(content, 16, "stretch"), resize(picture(70, 50), 16, "stretch")
    )


def test_the_orientation_of_a_reduced_jpeg_is_honoured() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(picture(96, 64), 1)))
    content = encoded(stored, "JPEG", exif=exif, quality=95)
    assert far(decode_square(content, 16, "stretch"), resize(picture(96, 64), 16, "stretch")) <= 12


@pytest.mark.parametrize("mode", ["stretch", "pad"])
@pytest.mark.parametrize("shape", [(40, 20), (5, 9), (16, 16), (1, 1), (40, 3), (100, 1)])
def test_every_shape_becomes_a_square(mode: str, shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 90, np.uint8)
    square = resize(image, 16, mode)  # type: ignore[arg-type]
    assert square.shape == (16, 16, 3)
    assert square.dtype == np.uint8
    assert np.unique(square).tolist() == [90]
    assert not np.shares_memory(square, image)


def test_shrinking_averages_every_pixel() -> None:
    checks = np.repeat(
        (np.indices((32, 32)).sum(axis=0) % 2 * 254).astype(np.uint8)[..., None], 3, 2
    )
    assert np.unique(resize(checks, 16, "stretch")).tolist() == [127]


def test_enlarging_stays_within_the_range_of_the_image() -> None:
    edge = np.full((4, 4, 3), 60, np.uint8)
    edge[:, 2:] = 200
    enlarged = resize(edge, 16, "stretch")
    assert (enlarged.min(), enlarged.max()) == (60, 200)


def test_padding_keeps_the_shape_and_fills_with_the_median_of_the_border() -> None:
    image = np.full((8, 16, 3), (240, 230, 220), np.uint8)
    image[2:6, 6:10] = 30
    image[0, 0] = 0  # a speck in the corner does not colour the border
    padded = resize(image, 16, "pad")
    assert padded[0, 0].tolist() == [240, 230, 220]
    assert padded[15, 15].tolist() == [240, 230, 220]
    np.testing.assert_array_equal(padded[4:12], image)


@pytest.mark.parametrize(("size", "mode"), [(0, "stretch"), (8, "crop")])
def test_a_wrong_size_or_mode_is_refused(size: int, mode: str) -> None:
    with pytest.raises(DataError, match=r"must be .* Received"):
        resize(picture(), size, mode)  # type: ignore[arg-type]
