"""No test goes out into the world: a proxy that is none stands for a missing connection, and a
module of the same name for Kaggle's client."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from cellclf_blood import fetching
from cellclf_blood.plugin import cellclf_datasets

import cellclf
from cellclf import DataError

KAGGLE = """
import os, shutil
from pathlib import Path

def dataset_download(handle):
    place = Path(os.environ["KAGGLEHUB_CACHE"]) / "datasets" / handle
    shutil.copytree(Path(os.environ["ON_KAGGLE"]) / handle, place)
    return str(place)
"""


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection leaves this machine."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def on_kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Let a set with an image at each of the given paths be on Kaggle."""
    site, sets = tmp_path / "site", tmp_path / "sets"
    site.mkdir()
    (site / "kagglehub.py").write_text(KAGGLE)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("ON_KAGGLE", str(sets))
    monkeypatch.delitem(sys.modules, "kagglehub", raising=False)

    def put(handle: str, *paths: str) -> None:
        for path in paths:
            file = sets / handle / path
            file.parent.mkdir(parents=True, exist_ok=True)
            rng = np.random.default_rng(list(path.encode()))
            _, encoded = cv2.imencode(".jpg", rng.integers(0, 255, (16, 16, 3), np.uint8))
            file.write_bytes(encoded.tobytes())

    yield put
    sys.modules.pop("kagglehub", None)


def test_every_sum_looks_like_one_and_every_address_is_https() -> None:
    assert set(fetching.BLOODMNIST_MD5) == {28, 64, 128, 224}
    for size, (name, md5) in fetching.BLOODMNIST_MD5.items():
        assert name == ("bloodmnist.npz" if size == 28 else f"bloodmnist_{size}.npz")
        assert re.fullmatch("[0-9a-f]{32}", md5)
    assert re.fullmatch("[0-9a-f]{64}", fetching.BCCD_SHA256)
    assert fetching.BLOODMNIST_URL.startswith("https://zenodo.org/")
    assert fetching.BCCD_URL.startswith("https://github.com/")


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    ("name", "params", "file", "address"),
    [
        ("bloodmnist", {}, "bloodmnist.npz", "files/bloodmnist.npz?download=1"),
        ("bloodmnist", {"size": 128}, "bloodmnist_128.npz", "files/bloodmnist_128.npz?download=1"),
        ("blood_cell_fields", {}, "BCCD_Dataset-1.0.zip", "BCCD_Dataset/archive/v1.0.zip"),
    ],
)
def test_without_a_connection_address_file_and_other_ways_are_named(
    tmp_path: Path, name: str, params: dict[str, int], file: str, address: str
) -> None:
    spec = next(spec for spec in cellclf_datasets() if spec.name == name)
    with pytest.raises(DataError) as refusal:
        cellclf.fetch(name, to=tmp_path / "to", params=params)
    said = str(refusal.value)
    assert said.startswith(f"{file} could not be fetched. https://")
    assert f"{address}: the proxy cannot be reached" in said
    assert str(tmp_path / "to" / file) in said
    assert spec.obtain in said


def test_the_pbc_set_of_kaggle_is_fetched_and_read(
    on_kaggle: Callable[..., None], tmp_path: Path
) -> None:
    paths = [f"bloodcells_dataset/{label}/{n}.jpg" for label in ("ig", "monocyte") for n in (1, 2)]
    on_kaggle(fetching.PBC_ON_KAGGLE, *paths)
    fetched = cellclf.fetch("blood_cells", to=tmp_path / "to")
    assert fetched.samples.counts == {"ig": 2, "monocyte": 2}
    assert [sample.id for sample in fetched.samples] == paths
    again = cellclf.fetch("blood_cells", to=tmp_path / "to")
    assert [sample.id for sample in again.samples] == paths


def test_blood_cell_images_of_kaggle_are_fetched_and_read(
    on_kaggle: Callable[..., None], tmp_path: Path
) -> None:
    paths = [
        f"dataset2-master/dataset2-master/images/{part}/{label}/_{n}_1.jpeg"
        for part in ("TRAIN", "TEST")
        for label in ("EOSINOPHIL", "MONOCYTE")
        for n in (1, 2)
    ]
    on_kaggle(fetching.BCCD_ON_KAGGLE, *paths)
    fetched = cellclf.fetch("bccd", to=tmp_path / "to")
    assert fetched.samples.counts == {"eosinophil": 4, "monocyte": 4}
