"""Damaged image files without end, and a process that tries to read them under watch."""

from __future__ import annotations

import json
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from cellclf.data.decode import decode, decode_square
from cellclf.errors import ImageError
from tests.data.image_files import encoded, noise, picture

FORMS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
SIZES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF)


def seeds() -> list[bytes]:
    """Whole files of every kind and in many of their dialects."""
    smooth, rough = Image.fromarray(picture(90, 70)), Image.fromarray(noise(40, 48))
    files = [encoded(image, form) for image in (smooth, rough) for form in FORMS]
    files += [encoded(smooth.convert("L"), form) for form in FORMS]
    files += [encoded(smooth.convert("P"), form) for form in ("PNG", "BMP", "TIFF")]
    files += [encoded(smooth.convert("RGBA"), form) for form in ("PNG", "TIFF", "WEBP")]
    files += [encoded(smooth.convert("CMYK"), form) for form in ("JPEG", "TIFF")]
    files += [encoded(smooth, "JPEG", progressive=True, subsampling=n) for n in (0, 2)]
    files += [encoded(smooth, "JPEG", restart_marker_rows=1)]
    files += [
        encoded(smooth, "TIFF", compression=name)
        for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
    ]
    files += [encoded(smooth, "WEBP", lossless=True)]
    deep = noise(30, 30).astype(np.uint16) * 257
    files += [cv2.imencode(suffix, deep)[1].tobytes() for suffix in (".png", ".tif")]
    return files


def mutated(content: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    """One of many ways in which a file goes wrong."""
    length = len(content)
    place = int(rng.integers(length))
    early = int(rng.integers(min(length, 200)))
    kind = int(rng.integers(9))
    if kind == 0:  # cut short, sometimes with its last bytes put back
        return content[:place] + (content[-12:] if rng.integers(2) else b"")
    if kind == 1:  # flipped bits, anywhere
        flipped = bytearray(content)
        for _ in range(int(rng.integers(1, 9))):
            flipped[int(rng.integers(length))] ^= 1 << int(rng.integers(8))
        return bytes(flipped)
    if kind == 2:  # flipped bits in the header
        flipped = bytearray(content)
        flipped[early] = int(rng.integers(256))
        return bytes(flipped)
    if kind == 3:  # absurd numbers in the header
        size = int(rng.choice(SIZES))
        layout = str(rng.choice(["<I", ">I"] if size > 0xFFFF else ["<H", ">H", "<I", ">I"]))
        number = struct.pack(layout, size)
        return content[:early] + number + content[early + len(number) :]
    if kind == 4:  # a block lost
        return content[:place] + content[place + int(rng.integers(1, 64)) :]
    if kind == 5:  # a block of zeros
        many = int(rng.integers(1, 200))
        return content[:place] + bytes(many) + content[place + many :]
    if kind == 6:  # two files in one
        other = others[int(rng.integers(len(others)))]
        return content[:place] + other[int(rng.integers(len(other))) :]
    if kind == 7:  # a block said twice
        return content[:place] + content[max(0, place - 40) :]
    start = content[: int(rng.integers(1, 40))]  # nothing but a beginning, then noise
    return start + rng.bytes(int(rng.integers(200)))


def files(count: int, seed: int) -> Iterator[bytes]:
    """`count` damaged files; the same for the same seed."""
    rng = np.random.default_rng(seed)
    whole = seeds()
    yield b""
    for number in range(1, count):
        content = mutated(whole[number % len(whole)], rng, whole)
        yield mutated(content, rng, whole) if content and rng.integers(4) == 0 else content


def peak_mebibytes() -> int:
    """The most memory of this program so far. (`ru_maxrss` counts what started it as well.)"""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


def main(count: int, seed: int) -> None:
    """Read them all; print what came of them as JSON."""
    reasons: dict[str, int] = {}
    images, slowest, slowest_number = 0, 0.0, 0
    for number, content in enumerate(files(count, seed)):
        start = time.thread_time()  # of the processor: other programs are not this file's fault
        try:
            image = decode(content)
            square = decode_square(content, 16, "stretch")
        except ImageError as error:
            reason = str(error)
            reasons[reason] = reasons.get(reason, 0) + 1
        else:
            assert image.dtype == square.dtype == np.uint8
            assert image.ndim == 3
            assert image.shape[2] == 3
            assert square.shape == (16, 16, 3)
            images += 1
        taken = time.thread_time() - start
        if taken > slowest:
            slowest, slowest_number = taken, number
    json.dump(
        {
            "images": images,
            "reasons": reasons,
            "slowest": slowest,
            "slowest_number": slowest_number,
            "peak_mebibytes": peak_mebibytes(),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
