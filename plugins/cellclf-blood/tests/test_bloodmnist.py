from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cellclf_blood.bloodmnist import load
from cellclf_blood.params import BloodMnistParams
from cellclf_blood.vocabulary import CLASSES
from numpy.typing import NDArray

from cellclf import DataError, Samples
from cellclf.testing import conformance

Arrays = dict[str, NDArray[np.generic]]


def arrays(side: int = 6) -> Arrays:
    rng = np.random.default_rng(side)
    made: Arrays = {}
    for word, labels in {"train": [*range(8), 3], "val": [7, 0], "test": [2, 5, 5]}.items():
        made[f"{word}_images"] = rng.integers(0, 256, (len(labels), side, side, 3), np.uint8)
        made[f"{word}_labels"] = np.array(labels, np.uint8)[:, np.newaxis]
    return made


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str = "bloodmnist.npz", content: Arrays | None = None) -> Path:
        path = tmp_path / "sets" / name
        path.parent.mkdir(exist_ok=True)
        np.savez_compressed(path, **(arrays() if content is None else content))  # type: ignore[arg-type]
        return path

    return make


def read(root: Path, size: int | None = None) -> Samples:
    return load(BloodMnistParams(size=size), root=root)  # type: ignore[arg-type]


def test_images_labels_and_the_official_division_are_those_of_the_file(
    write: Callable[..., Path],
) -> None:
    samples = read(write())
    assert samples.classes == CLASSES
    made = arrays()
    expected = [
        (f"{word}/{row:05d}", CLASSES[label], part)
        for word, part in {"train": "train", "val": "validation", "test": "test"}.items()
        for row, label in enumerate(made[f"{word}_labels"].ravel())
    ]
    assert [(s.id, s.label, s.split) for s in samples] == expected
    assert [sample.index for sample in samples] == list(range(len(expected)))
    np.testing.assert_array_equal(
        samples.images, np.concatenate([made[f"{w}_images"] for w in ("train", "val", "test")])
    )


def test_images_are_mapped_from_a_file_and_unpacked_once(write: Callable[..., Path]) -> None:
    path = write()
    first, second = read(path).images, read(path).images
    assert isinstance(first, np.memmap)
    assert isinstance(second, np.memmap)
    assert first.filename == second.filename
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0


@pytest.mark.parametrize("kept", [0.5, 1])
def test_an_unpacked_copy_that_was_cut_short_or_altered_is_not_believed(
    write: Callable[..., Path], kept: float
) -> None:
    path = write()
    wanted = np.array(read(path).images)
    unpacked = Path(read(path).images.filename)  # type: ignore[attr-defined]
    content = unpacked.read_bytes()
    damaged = content[: int(kept * len(content))]
    unpacked.write_bytes(damaged[:-1] + bytes([damaged[-1] ^ 1]))
    np.testing.assert_array_equal(read(path).images, wanted)
    assert unpacked.read_bytes() == content


def test_files_that_are_not_compressed_are_read_too(tmp_path: Path) -> None:
    np.savez(tmp_path / "bloodmnist_64.npz", **arrays())  # type: ignore[arg-type]
    assert len(read(tmp_path / "bloodmnist_64.npz")) == 14


def test_a_folder_and_a_zip_file_that_hold_the_file_will_do(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    path = write()
    write("pathmnist.npz", {"train_images": np.zeros(3)})
    ids = [sample.id for sample in read(path)]
    assert [sample.id for sample in read(path.parent)] == ids
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(path, "medmnist/bloodmnist.npz")
    packed = read(archive)
    assert [sample.id for sample in packed] == ids
    np.testing.assert_array_equal(packed.images, read(path).images)


def test_of_several_sizes_the_parameter_chooses(write: Callable[..., Path]) -> None:
    folder = write("bloodmnist.npz", arrays(28)).parent
    write("bloodmnist_64.npz", arrays(64))
    assert read(folder, 64).images.shape[1:] == (64, 64, 3)
    assert read(folder, 28).images.shape[1:] == (28, 28, 3)
    with pytest.raises(DataError, match=r"bloodmnist\.npz, bloodmnist_64\.npz.*`size`.*nothing"):
        read(folder)
    with pytest.raises(DataError, match="size=128"):
        read(folder, 128)
    with pytest.raises(DataError, match=r"size=28 .*holds images of 64 x 64"):
        read(folder / "bloodmnist_64.npz", 28)


def changed(**more: NDArray[np.generic]) -> Arrays:
    return {**arrays(), **more}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"train_images": np.zeros((1, 6, 6, 3), np.uint8)}, "Received: no train_labels"),
        (changed(val_images=np.zeros((2, 6, 6), np.uint8)), "must be colour squares"),
        (changed(val_images=np.zeros((2, 5, 5, 3), np.uint8)), "must be colour squares"),
        (changed(val_images=np.zeros((2, 6, 6, 3))), "not uint8"),
        (changed(val_images=np.zeros((3, 6, 6, 3), np.uint8)), "Received: 2 for 3 of val_images"),
        (changed(test_labels=np.array([[2], [8], [5]])), "labels .* must be 0 to 7"),
        (changed(test_labels=np.array([object()] * 3)), "cannot be read"),
    ],
)
def test_a_file_that_is_not_bloodmnist_is_refused(
    write: Callable[..., Path], content: Arrays, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(write(content=content))


def test_a_file_that_was_cut_off_or_has_another_name_is_refused(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    path = write()
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match=r"whole BloodMNIST file.*zenodo"):
        read(path)
    folder = tmp_path / "other"
    folder.mkdir()
    np.savez(folder / "dermamnist.npz", **arrays())  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"none; found 1 \.npz.*zenodo"):
        read(folder)


def published(folder: Path) -> Path:
    np.savez_compressed(folder / "bloodmnist.npz", **arrays())  # type: ignore[arg-type]
    return folder / "bloodmnist.npz"


test_conformance = conformance("bloodmnist", root=published)
