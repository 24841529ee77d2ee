from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from cellclf_blood.kaggle_bccd import CLASSES, load
from cellclf_blood.params import BccdParams
from pydantic import ValidationError

from cellclf import DataError, Samples
from cellclf.testing import check_plugin, conformance, write_images

Draw = Callable[..., Path]

INNER = "dataset2-master/dataset2-master/images"
CELLS = tuple(
    f"{INNER}/{part}/{label.upper()}/_{number}_{1000 + number}.jpeg"
    for part in ("TRAIN", "TEST", "TEST_SIMPLE")
    for label in CLASSES
    for number in (0, 5)
)
FIELDS = tuple(f"dataset-master/dataset-master/JPEGImages/BloodImage_0000{n}.jpg" for n in range(3))


def read(root: Path, *parts: str) -> Samples:
    return load(BccdParams(parts=parts) if parts else BccdParams(), root=root)


def folders(samples: Samples) -> set[tuple[str, str | None]]:
    return {(sample.id.split("/")[-3], sample.split) for sample in samples}


def test_train_and_test_are_the_given_division_and_classes_are_in_lower_case(draw: Draw) -> None:
    samples = read(draw(*CELLS, *FIELDS))
    assert samples.classes == CLASSES
    assert samples.counts == dict.fromkeys(CLASSES, 4)
    assert folders(samples) == {("TRAIN", "train"), ("TEST", "test")}


def test_what_is_left_out_is_said(draw: Draw) -> None:
    whole, simple = read(draw(*CELLS, *FIELDS)).notes
    assert whole == "images left out, whole fields in JPEGImages: 3"
    assert simple == "images left out, in TEST_SIMPLE (the parameter `parts` chooses): 8"


def test_the_originals_are_read_as_test_images_when_asked_for(draw: Draw) -> None:
    root = draw(*CELLS)
    assert folders(read(root, "train", "test_simple")) == {
        ("TRAIN", "train"),
        ("TEST_SIMPLE", "test"),
    }
    assert folders(read(root, "test_simple")) == {("TEST_SIMPLE", None)}
    with pytest.raises(ValidationError):
        BccdParams(parts=())


def test_no_group_is_ever_read_from_the_number_in_a_file_name(draw: Draw) -> None:
    # Files of one number are strangers until the pixels say otherwise.
    root = draw("NEUTROPHIL/_5_1.jpeg", "NEUTROPHIL/_5_2.jpeg", "MONOCYTE/_5_3.jpeg")
    assert [dict(sample.groups) for sample in read(root)] == [{}, {}, {}]


def test_class_folders_alone_are_not_divided(draw: Draw) -> None:
    samples = read(draw("EOSINOPHIL/1.jpeg", "lymphocyte/1.jpeg"))
    assert samples.classes == ("eosinophil", "lymphocyte")
    assert {sample.split for sample in samples} == {None}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["TRAIN/EOSINOPHIL/1.jpeg", "TRAIN/BLAST/2.jpeg"], "1 images in .*BLAST"),
        (["TRAIN/EOSINOPHIL/1.jpeg", "MONOCYTE/2.jpeg"], "1 images in .*MONOCYTE"),
        (["1.jpeg", "TRAIN/MONOCYTE/2.jpeg"], "1 images in .*drawn"),
        (["TRAIN/MONOCYTE/2.jpeg"], r"at least two classes.*only monocyte"),
        (["JPEGImages/1.jpg"], "no such image.*Kaggle"),
    ],
)
def test_images_without_a_class_or_part_are_refused(
    draw: Draw, names: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(draw(*names))


def published(folder: Path) -> None:
    write_images(folder, *CELLS, *FIELDS)


test_conformance = conformance("bccd", root=published, zipped=True)


@pytest.mark.real_data
def test_the_number_in_a_real_file_name_is_not_its_source(real_data: Path) -> None:
    root = real_data / "bccd_augmented_train"
    samples = read(root)
    assert samples.counts == dict.fromkeys(CLASSES, 60)
    with (real_data / "groups.csv").open(encoding="utf-8", newline="") as file:
        source = {
            f"{row['label'].upper()}/{row['file']}": row["group"]
            for row in csv.DictReader(file)
            if row["dataset"] == "bccd_augmented_train"
        }
    by_number: dict[tuple[str, str], set[str]] = {}
    for sample in samples:
        if sample.id in source:
            number = sample.id.split("_")[1]
            by_number.setdefault((sample.label, number), set()).add(source[sample.id])
    assert sum(len(sources) > 1 for sources in by_number.values()) > len(by_number) / 4
    check_plugin("bccd", root=root, zipped=True)
