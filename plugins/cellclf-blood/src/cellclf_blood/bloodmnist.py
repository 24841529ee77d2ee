"""BloodMNIST: the PBC images, cropped and shrunk, as arrays with an official division."""

from __future__ import annotations

import re
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from cellclf import DataError, ListedFile, Part, Sample, Samples, cached_file, list_files
from cellclf_blood.params import BloodMnistParams
from cellclf_blood.sources import BLOODMNIST
from cellclf_blood.vocabulary import CLASSES

__all__ = ["load"]

PARTS: dict[str, Part] = {"train": "train", "val": "validation", "test": "test"}
"""Parts by the words that the arrays are named with."""

SMALLEST = 28
"""Pixels of the file whose name says no size."""

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)
"""What NumPy and `zipfile` raise on a file that is damaged, or holds something else."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Division:
    """One of the three parts of a file."""

    word: str
    labels: NDArray[np.intp]
    shape: tuple[int, ...]


def load(params: BloodMnistParams, *, root: Path) -> Samples:
    """Read one of the published files.

    The images of all parts are unpacked into the cache once and mapped into memory from there, so
    that the largest set, 2.6 GB, needs no more memory than the smallest.

    Args:
        params: Which size, where there are several.
        root: The file, or a folder or zip file that holds it, named `bloodmnist....npz`.

    Returns:
        One sample an image, with ids such as `train/00017`, in the order of the file; classes are
        those present, in the order of MedMNIST's labels, and called as in PBC; the official
        division is the given one, `val` as validation.

    Raises:
        DataError: No such file, several and none chosen, or one that is not BloodMNIST.
    """
    path = _file(root, params.size)
    try:
        divisions = _divisions(path)
        _check(path, divisions, params.size)
        unpacked = cached_file(path, "bloodmnist.npy", lambda to: _unpack(path, divisions, to))
        images = np.load(unpacked, mmap_mode="r", allow_pickle=False)
    except DAMAGE as error:
        raise DataError(
            f"{path} must be a whole BloodMNIST file. Received: a file that cannot be read "
            f"({error}). {BLOODMNIST.obtain}"
        ) from error
    named = [
        (f"{division.word}/{row:05d}", CLASSES[label], PARTS[division.word])
        for division in divisions
        for row, label in enumerate(division.labels)
    ]
    samples = tuple(
        Sample(id=name, label=label, index=index, split=part)
        for index, (name, label, part) in enumerate(named)
    )
    present = {sample.label for sample in samples}
    return Samples(
        samples=samples,
        classes=tuple(name for name in CLASSES if name in present),
        images=images,
    )


def _file(root: Path, size: int | None) -> Path:
    if root.is_file() and root.suffix.lower() == ".npz":
        return root
    listing = list_files(root, obtain=BLOODMNIST.obtain)
    files = [file for file in listing.with_suffix(".npz") if _named_size(file) is not None]
    chosen = [file for file in files if len(files) == 1 or _named_size(file) == size]
    if len(chosen) == 1:
        return chosen[0].on_disk()
    if not files:
        raise DataError(
            f"{root} must be or hold a file named bloodmnist.npz, or bloodmnist_64.npz and the "
            f"like. Received: none; {listing.found}. {BLOODMNIST.obtain}"
        )
    raise DataError(
        f"{root} holds {', '.join(file.id for file in files)}: the parameter `size` must say which "
        f"one to read. Received: {'nothing' if size is None else f'size={size}'}"
    )


def _named_size(file: ListedFile) -> int | None:
    """The size that a file's name says, or `None` where it is that of another set."""
    named = re.search(r"bloodmnist(?:_(\d+))?", file.stem, re.IGNORECASE)
    return int(named.group(1) or SMALLEST) if named else None


def _divisions(path: Path) -> tuple[_Division, ...]:
    # Opened here: NumPy leaves a damaged file open that it opened itself.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        wanted = [f"{word}_{what}" for word in PARTS for what in ("images", "labels")]
        missing = [name for name in wanted if name not in arrays.files]
        if missing:
            raise DataError(
                f"{path} must hold the arrays {', '.join(wanted)}. Received: no "
                f"{', '.join(missing)}, but {', '.join(arrays.files)}. {BLOODMNIST.obtain}"
            )
        labels = {word: arrays[f"{word}_labels"].astype(np.intp).ravel() for word in PARTS}
    with zipfile.ZipFile(path) as archive:
        return tuple(
            _Division(word=word, labels=labels[word], shape=_shape(archive, word)) for word in PARTS
        )


def _shape(archive: zipfile.ZipFile, word: str) -> tuple[int, ...]:
    with archive.open(f"{word}_images.npy") as array:
        shape, fortran_order, dtype = _header(array)
    if fortran_order or dtype != np.uint8:
        raise ValueError(f"{word}_images are {dtype}, not uint8 row by row")
    return shape


def _header(array: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.uint8]]:
    """Read what stands before the numbers of an `.npy` file."""
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    version = np.lib.format.read_magic(array)
    if version not in read:
        raise ValueError(f"a header of version {version}")
    shape, fortran_order, dtype = read[version](array)
    return shape, fortran_order, dtype


def _check(path: Path, divisions: tuple[_Division, ...], size: int | None) -> None:
    sides = {division.shape[1:] for division in divisions}
    side = divisions[0].shape[1] if len(divisions[0].shape) > 1 else 0
    if sides != {(side, side, 3)}:
        raise DataError(
            f"the images in {path} must be colour squares of one size, (n, size, size, 3). "
            f"Received: {', '.join(str(division.shape) for division in divisions)}"
        )
    if size is not None and size != side:
        raise DataError(
            f"the parameter `size` must be that of the file, or left out. Received: size={size} "
            f"for {path}, which holds images of {side} x {side} pixels"
        )
    for division in divisions:
        if len(division.labels) != division.shape[0]:
            raise DataError(
                f"{path} must have a label for each image. Received: {len(division.labels)} for "
                f"{division.shape[0]} of {division.word}_images"
            )
        if division.labels.size and not 0 <= division.labels.min() <= division.labels.max() < 8:
            raise DataError(
                f"the labels in {path} must be 0 to {len(CLASSES) - 1}. Received: "
                f"{division.labels.min()} to {division.labels.max()}. Is it another MedMNIST set?"
            )


def _unpack(path: Path, divisions: tuple[_Division, ...], to: Path) -> None:
    """Write the images of all parts behind each other as one array."""
    shape = (sum(division.shape[0] for division in divisions), *divisions[0].shape[1:])
    with zipfile.ZipFile(path) as archive, to.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "|u1", "fortran_order": False, "shape": shape}
        )
        for division in divisions:
            begin = file.tell()
            with archive.open(f"{division.word}_images.npy") as array:
                _header(array)
                shutil.copyfileobj(array, file)
            if file.tell() - begin != np.prod(division.shape, dtype=np.int64):
                raise ValueError(f"{division.word}_images are cut short")
