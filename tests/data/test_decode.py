from __future__ import annotations

import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from cellclf.data.decode import decode, decode_square, resize
from cellclf.errors import DataError, ImageError
from tests.data.image_files import encoded, noise, picture

JPEG_ERROR = 30  # levels that a smooth, very colourful picture may move at quality 95
REDUCED_ERROR = 6  # levels between the two ways of halving a smooth picture
FORMS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True}}


def far(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


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


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95, 0.999])
def test_a_file_that_is_cut_short_is_refused(form: str, share: float) -> None:
    content = encoded(Image.fromarray(noise()), form)
    with pytest.raises(ImageError, match=r"cut short|damaged"):
        decode(content[: int(len(content) * share)])


def test_a_truncated_jpeg_is_refused_with_its_reason() -> None:
    thumbnail = encoded(Image.fromarray(noise(8, 8)), "JPEG")
    exif = b"Exif\x00\x00" + thumbnail  # its own end marker must not pass for the image's
    content = encoded(Image.fromarray(noise()), "JPEG", exif=exif)
    decode(content)
    for length in range(len(exif) + 100, len(content) - 1, 97):
        with pytest.raises(ImageError, match="the file is cut short"):
            decode(content[:length])


def test_bytes_after_the_end_of_a_jpeg_do_not_matter() -> None:
    content = encoded(Image.fromarray(picture()), "JPEG")
    np.testing.assert_array_equal(decode(content + b"\xff\xda more"), decode(content))


def test_a_png_with_a_flipped_bit_is_refused() -> None:
    content = bytearray(encoded(Image.fromarray(noise()), "PNG"))
    content[len(content) // 2] ^= 1
    with pytest.raises(ImageError, match="the file is damaged"):
        decode(bytes(content))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"path,label\na.png,ig\n", "not an image that can be read"),
        (b"GIF89a" + bytes(64), r"not an image that can be read \(JPEG, PNG, BMP, TIFF, WebP\)"),
        (b"BMI of the patients, and more than fourteen bytes", "too large|damaged"),
    ],
)
def test_what_is_no_image_is_refused_with_its_reason(content: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        decode(content)


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    checked = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + checked


def test_a_header_that_promises_too_many_pixels_is_refused() -> None:
    with pytest.raises(ImageError, match="too large: 50,000 x 50,000 pixels, at most 32 mega"):
        decode(png_header(50_000, 50_000))


@pytest.mark.parametrize("form", ["JPEG", "BMP", "TIFF", "WEBP"])
def test_the_limit_holds_for_every_kind_of_file(form: str) -> None:
    stored = {
        "JPEG": (struct.pack(">HH", 60, 70), struct.pack(">HH", 60_000, 60_000)),
        "BMP": (struct.pack("<ii", 70, 60), struct.pack("<ii", 60_000, 60_000)),
        "TIFF": (struct.pack("<HHII", 256, 4, 1, 70), struct.pack("<HHII", 256, 4, 1, 1 << 30)),
        "WEBP": (struct.pack("<HH", 70, 60), struct.pack("<HH", 16_383, 16_383)),
    }
    content = encoded(Image.fromarray(noise(60, 70)), form)
    assert stored[form][0] in content
    with pytest.raises(ImageError, match="too large"):
        decode(content.replace(*stored[form], 1))


def test_pixels_that_are_no_whole_numbers_are_refused() -> None:
    done, content = cv2.imencode(".tif", np.ones((4, 4), np.float32))
    assert done
    with pytest.raises(ImageError, match=r"whole numbers of 8 or 16 bits. Received: 32 bits"):
        decode(content.tobytes())


def test_a_grey_tiff_with_alpha_is_refused_rather_than_read_without_it() -> None:
    with pytest.raises(ImageError, match="save it as PNG"):
        decode(encoded(Image.new("LA", (4, 4)), "TIFF"))


def test_a_progressive_jpeg_of_endless_scans_is_refused() -> None:
    content = encoded(Image.fromarray(noise(8, 8)), "JPEG", progressive=True)
    start = content.index(b"\xff\xc2") + 5
    content = content[:start] + struct.pack(">HH", 5000, 5000) + content[start + 4 :]
    last = content[content.rindex(b"\xff\xda") : -2]
    with pytest.raises(ImageError, match="too large: 5,000 x 5,000 pixels, 110 scans"):
        decode(content[:-2] + 100 * last + content[-2:])


def test_a_jpeg_damaged_in_the_middle_is_refused_and_nothing_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    content = encoded(Image.fromarray(noise()), "JPEG")
    start = content.index(b"\xff\xda") + 14
    gone = content[:start] + content[start + 400 : -2] + content[-2:]
    for damaged in (gone, content[: len(content) // 2] + content[-2:]):
        with pytest.raises(ImageError, match="the file is damaged"):
            decode(damaged)
    assert capfd.readouterr() == ("", "")


def test_a_jpeg_with_unusual_sampling_is_read() -> None:
    content = bytearray(encoded(Image.new("RGB", (64, 64), (200, 40, 90)), "JPEG", subsampling=0))
    start = content.index(b"\xff\xc0")
    content[start + 14] = 0x12  # colour difference stored finer than brightness
    assert decode(bytes(content)).shape[2] == 3


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


def test_every_value_of_sixteen_bits_is_divided_by_257_and_rounded() -> None:
    values = np.arange(1 << 16, dtype=np.uint16).reshape(256, 256)
    content = cv2.imencode(".png", values)[1].tobytes()
    np.testing.assert_array_equal(decode(content)[..., 0], (values.astype(int) + 128) // 257)


@settings(deadline=None, max_examples=150)
@given(
    form=st.sampled_from(FORMS),
    place=st.floats(0, 1, exclude_max=True),
    written=st.binary(min_size=1, max_size=8),
)
def test_no_damage_raises_anything_but_an_image_error(
    form: str, place: float, written: bytes
) -> None:
    content = bytearray(encoded(Image.fromarray(picture()), form))
    start = int(place * len(content))
    content[start : start + len(written)] = written
    try:
        image = decode(bytes(content))
    except ImageError:
        return
    assert image.dtype == np.uint8
    assert image.ndim == 3


DAMAGED_FILES = """
import io, sys
from PIL import Image
import numpy as np
from cellclf.data.decode import decode
from cellclf.errors import ImageError
image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
for form in ("JPEG", "PNG", "BMP", "TIFF", "WEBP"):
    file = io.BytesIO()
    image.save(file, form)
    content = file.getvalue()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 255
    for damaged in (content[: len(content) // 2], content[:-3], bytes(flipped)[:-3], content[:20]):
        try:
            decode(damaged)
        except ImageError:
            sys.stdout.write("refused ")
"""


def test_damaged_files_leave_the_terminal_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DAMAGED_FILES], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["refused"] * 20
    assert done.stderr == ""


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
