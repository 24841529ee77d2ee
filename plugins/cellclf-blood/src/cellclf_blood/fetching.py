"""Getting the published sets from where they are offered."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cellclf import NoParams, Params, Progress, download, download_from_kaggle
from cellclf_blood.params import BloodMnistParams

__all__ = ["fetch_bccd", "fetch_blood_cell_fields", "fetch_blood_cells", "fetch_bloodmnist"]

PBC_ON_KAGGLE = "unclesamulus/blood-cells-image-dataset/versions/2"
BCCD_ON_KAGGLE = "paultimothymooney/blood-cells"

BLOODMNIST_URL = "https://zenodo.org/records/10519652/files/{name}?download=1"
BLOODMNIST_SMALLEST = 28

# As MedMNIST 3.0.2 states them.
BLOODMNIST_MD5: Mapping[int, tuple[str, str]] = {
    28: ("bloodmnist.npz", "7053d0359d879ad8a5505303e11de1dc"),
    64: ("bloodmnist_64.npz", "2b94928a2ae4916078ca51e05b6b800b"),
    128: ("bloodmnist_128.npz", "adace1e0ed228fccda1f39692059dd4c"),
    224: ("bloodmnist_224.npz", "b718ff6835fcbdb22ba9eacccd7b2601"),
}

# As TensorFlow Datasets states them for its set `bccd`, which is this release.
BCCD_URL = "https://github.com/Shenggan/BCCD_Dataset/archive/v1.0.zip"
BCCD_FILE_NAME = "BCCD_Dataset-1.0.zip"
BCCD_SHA256 = "97af5cc16d14d293fcb3c82a8f66e49b0339a8d0abd8e9508e0feeb4911caa1f"
BCCD_SIZE = 7_875_205


def fetch_blood_cells(params: NoParams, *, root: Path, progress: Progress) -> None:
    """Put the PBC set, as it is on Kaggle, into the folder `root`.

    Its publisher at Mendeley Data states no sum beforehand.
    """
    del params
    download_from_kaggle(PBC_ON_KAGGLE, root, progress=progress)


def fetch_bloodmnist(params: BloodMnistParams, *, root: Path, progress: Progress) -> None:
    """Put the file of the chosen size into the folder `root`; of 28 pixels if none is chosen."""
    name, md5 = BLOODMNIST_MD5[params.size or BLOODMNIST_SMALLEST]
    download(BLOODMNIST_URL.format(name=name), root / name, md5=md5, progress=progress)


def fetch_bccd(params: Params, *, root: Path, progress: Progress) -> None:
    """Put the set 'Blood Cell Images', as it is on Kaggle, into the folder `root`."""
    del params
    download_from_kaggle(BCCD_ON_KAGGLE, root, progress=progress)


def fetch_blood_cell_fields(params: Params, *, root: Path, progress: Progress) -> None:
    """Put the zip file of the release v1.0 of BCCD into the folder `root`."""
    del params
    download(BCCD_URL, root / BCCD_FILE_NAME, sha256=BCCD_SHA256, size=BCCD_SIZE, progress=progress)
