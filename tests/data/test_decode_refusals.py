"""Files that are damaged, too large or no images at all: refused with the reason, in silence."""

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
from PIL import Image

from cellclf.data.decode import decode
from cellclf.errors import ImageError
from tests.data.image_files import FORMS, encoded, noise, picture


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
