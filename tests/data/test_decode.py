"""Every kind of image file that can be read, down to its pixels."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from cellclf.data.decode import decode
from tests.data.image_files import FORMS, LOSSLESS, encoded, far, picture

JPEG_ERROR = 30  # levels that a smooth, very colourful picture may move at quality 95


@pytest.mark.parametrize("form", LOSSLESS)
def test_a_lossless_file_gives_back_its_pixels_as_rgb(form: str) -> None:
    image = picture()
    decoded = decode(encoded(Image.fromarray(image), form, **LOSSLESS[form]))
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, image)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_gives_back_its_pixels_nearly(progressive: bool) -> None:
    image = picture()
    content = encoded(Image.fromarray(image), "JPEG", quality=95, progressive=progressive)
    assert far(decode(content), image) <= JPEG_ERROR


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_compressed_tiffs_are_read(compression: str) -> None:
    image = picture()
    content = encoded(Image.fromarray(image), "TIFF", compression=compression)
    np.testing.assert_array_equal(decode(content), image)


@pytest.mark.parametrize("form", FORMS)
def test_grey_is_repeated_over_the_channels(form: str) -> None:
    grey = Image.fromarray(picture()).convert("L")
    decoded = decode(encoded(grey, form, **LOSSLESS.get(form, {"quality": 95})))
    assert decoded.shape == (24, 16, 3)
    assert far(decoded, np.repeat(np.asarray(grey)[..., None], 3, axis=2)) <= JPEG_ERROR


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF"])
def test_black_and_white_is_read_as_0_and_255(form: str) -> None:
    checks = Image.fromarray((np.indices((8, 8)).sum(axis=0) % 2 * 255).astype(np.uint8))
    decoded = decode(encoded(checks.convert("1"), form))
    np.testing.assert_array_equal(decoded[..., 0], np.asarray(checks))


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_transparency_is_laid_over_white(form: str, options: dict[str, object]) -> None:
    image = Image.new("RGBA", (8, 8), (200, 100, 0, 255))
    image.putpixel((0, 0), (200, 100, 0, 0))
    image.putpixel((1, 0), (200, 100, 0, 128))
    decoded = decode(encoded(image, form, exact=True, **options))
    assert decoded[0, 0].tolist() == [255, 255, 255]
    assert far(decoded[0, 1], np.array([227, 177, 127], np.uint8)) <= 1
    assert decoded[7, 7].tolist() == [200, 100, 0]


def test_a_grey_png_with_alpha_is_laid_over_white() -> None:
    decoded = decode(encoded(Image.new("LA", (4, 4), (100, 0)), "PNG"))
    assert decoded.min() == 255


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_png_colour_that_means_transparent_is_white(mode: str) -> None:
    image = Image.new("L", (4, 4), 7).convert(mode)
    image.putpixel((1, 1), 50 if mode == "L" else (50, 50, 50))
    decoded = decode(encoded(image, "PNG", transparency=7 if mode == "L" else (7, 7, 7)))
    assert decoded[0, 0].tolist() == [255, 255, 255]
    assert decoded[1, 1].tolist() == [50, 50, 50]


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF"])
def test_a_palette_is_looked_up(form: str) -> None:
    image = Image.fromarray(picture()).convert("P", palette=Image.Palette.ADAPTIVE)
    np.testing.assert_array_equal(decode(encoded(image, form)), np.asarray(image.convert("RGB")))


def test_a_palette_entry_that_is_transparent_is_white() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 1), 1)
    decoded = decode(encoded(image, "PNG", transparency=0))
    assert decoded[0, 0].tolist() == [255, 255, 255]
    assert decoded[1, 1].tolist() == [40, 50, 60]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_are_divided_by_257(suffix: str, channels: int) -> None:
    values = np.array([0, 257, 65_535, 128 * 257], np.uint16)
    bgr = np.full((4, 4, channels), 65_535, np.uint16)
    bgr[0, :, 0] = values
    done, content = cv2.imencode(suffix, bgr)
    assert done
    blue = decode(content.tobytes())[0, :, 2]
    assert blue.tolist() == [0, 1, 255, 128]


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_is_converted(form: str) -> None:
    image = picture()
    content = encoded(Image.fromarray(image).convert("CMYK"), form, quality=95)
    assert far(decode(content), image) <= JPEG_ERROR


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_honoured(form: str, orientation: int) -> None:
    upright = picture()
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(turned[orientation]))
    decoded = decode(encoded(stored, form, exif=exif, **LOSSLESS.get(form, {"quality": 95})))
    assert decoded.shape == upright.shape
    assert far(decoded, upright) <= JPEG_ERROR


def test_the_orientation_of_a_transparent_png_is_honoured() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(encoded(Image.new("RGBA", (8, 4)), "PNG", exif=exif)).shape == (8, 4, 3)


@pytest.mark.parametrize("form", ["TIFF", "WEBP", "PNG"])
def test_of_several_pages_or_frames_the_first_is_read(form: str) -> None:
    red, blue = (Image.new("RGB", (16, 16), colour) for colour in ("red", "blue"))
    decoded = decode(encoded(red, form, save_all=True, append_images=[blue]))
    assert far(decoded[8, 8], np.array([255, 0, 0], np.uint8)) <= 1


def test_a_bitmap_with_the_top_row_first_is_read() -> None:
    image = np.zeros((2, 4, 3), np.uint8)
    image[0] = 200
    content = bytearray(encoded(Image.fromarray(image), "BMP"))
    content[22:26] = struct.pack("<i", -2)
    assert decode(bytes(content))[:, 0, 0].tolist() == [0, 200]


def test_bytes_after_the_end_of_a_jpeg_do_not_matter() -> None:
    content = encoded(Image.fromarray(picture()), "JPEG")
    np.testing.assert_array_equal(decode(content + b"\xff\xda more"), decode(content))


def test_a_jpeg_with_unusual_sampling_is_read() -> None:
    content = bytearray(encoded(Image.new("RGB", (64, 64), (200, 40, 90)), "JPEG", subsampling=0))
    start = content.index(b"\xff\xc0")
    content[start + 14] = 0x12  # colour difference stored finer than brightness
    assert decode(bytes(content)).shape[2] == 3


def test_every_value_of_sixteen_bits_is_divided_by_257_and_rounded() -> None:
    values = np.arange(1 << 16, dtype=np.uint16).reshape(256, 256)
    content = cv2.imencode(".png", values)[1].tobytes()
    np.testing.assert_array_equal(decode(content)[..., 0], (values.astype(int) + 128) // 257)
