from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cellclf_malaria.cells import load
from cellclf_malaria.plugin import cellclf_datasets

from cellclf import DataError, LeakageError, NoParams, Samples
from cellclf.testing import conformance, write_images

LayOut = Callable[..., Path]

SICK = [f"C{case}P{case - 39}ThinF_IMG_20151004_152257_cell_{case}.png" for case in range(99, 103)]
WELL = [f"C{case}ThinF_IMG_20151029_161219_cell_{case}.png" for case in range(208, 211)]
PUBLISHED = (
    *(f"cell_images/Parasitized/{name}" for name in SICK),
    *(f"cell_images/Uninfected/{name}" for name in (*WELL, SICK[0].replace("_99", "_1"))),
)


def read(root: Path) -> Samples:
    return load(NoParams(), root=root)


def published(folder: Path) -> None:
    write_images(folder, *PUBLISHED)
    (folder / "cell_images" / "Uninfected" / "Thumbs.db").write_bytes(b"litter")


test_conformance = conformance(*cellclf_datasets(), root=published, zipped=True)


def test_class_and_patient_are_told_by_folder_and_file_name(lay_out: LayOut) -> None:
    samples = read(lay_out(*PUBLISHED))
    assert samples.classes == ("parasitized", "uninfected")
    assert samples.counts == {"parasitized": 4, "uninfected": 4}
    assert samples.notes == ()
    first = samples[0]
    assert first.id == f"cell_images/Parasitized/{sorted(SICK)[0]}"
    assert first.groups == {"patient": "P61"}
    assert first.split is None


def test_the_second_copy_within_the_copy_on_kaggle_is_left_out_and_said(lay_out: LayOut) -> None:
    twice = (*PUBLISHED, *(f"cell_images/{path}" for path in PUBLISHED))
    root = lay_out(*twice)
    for folder in root.rglob("Parasitized"):
        (folder / "Thumbs.db").write_bytes(b"litter")
    samples = read(root)
    assert [sample.id for sample in samples] == sorted(PUBLISHED)
    assert samples.notes == (
        "8 files are left out: each is a copy, by name, of one in an outer folder",
    )


def test_the_zip_file_is_read_as_it_was_downloaded(lay_out: LayOut, tmp_path: Path) -> None:
    root = lay_out(*PUBLISHED)
    (tmp_path / "fetched").mkdir()
    packed = shutil.make_archive(str(tmp_path / "fetched" / "cell_images"), "zip", root)
    for place in (Path(packed), Path(packed).parent):
        samples = read(place)
        assert [sample.id for sample in samples] == sorted(PUBLISHED)
        assert samples[0].path == packed


def test_a_given_division_is_kept(lay_out: LayOut) -> None:
    root = lay_out(
        f"train/Parasitized/{SICK[0]}",
        f"train/Uninfected/{WELL[0]}",
        f"valid/Parasitized/{SICK[1]}",
        f"valid/Uninfected/{WELL[1]}",
    )
    assert {sample.id.partition("/")[0]: sample.split for sample in read(root)} == {
        "train": "train",
        "valid": "validation",
    }


def test_one_file_in_two_parts_is_in_both_for_the_audit_to_find(lay_out: LayOut) -> None:
    paths = (f"train/Parasitized/{SICK[0]}", f"valid/Parasitized/{SICK[0]}")
    root = lay_out(*paths, f"train/Uninfected/{WELL[0]}")
    assert [sample.id for sample in read(root)][0:3:2] == list(paths)


def test_a_single_part_is_no_division(lay_out: LayOut) -> None:
    root = lay_out(f"train/Parasitized/{SICK[0]}", f"train/Uninfected/{WELL[0]}")
    assert {sample.split for sample in read(root)} == {None}


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["Parasitized/notes.txt"], r"must hold images in folders .* Received: .*cellclf fetch"),
        (["Other/C1P1ThinF_1.png"], r"folder Parasitized or Uninfected. Received: images in Other"),
        (["C1P1ThinF_1.png"], r"Received: images in \.\. Move"),
        (["Parasitized/C1P1ThinF_1.png"], r"hold both classes.*Received: only parasitized"),
        (
            ["Parasitized/C1P1ThinF_1.png", "Uninfected/cell 1.png"],
            r"cells of one patient may not be divided. Received: Uninfected/cell 1.png",
        ),
    ],
    ids=str,
)
def test_what_is_not_the_set_is_refused_with_what_to_do(
    lay_out: LayOut, paths: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(lay_out(*paths))


def many(patients: range) -> list[str]:
    """Four images a patient, two of each class."""
    return [
        f"{label}/C{patient + 39}P{patient}ThinF_IMG_1_cell_{number}.png"
        for label in ("Parasitized", "Uninfected")
        for patient in patients
        for number in range(2)
    ]


@pytest.fixture
def _small_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CELLCLF_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("_small_run")
def test_the_default_split_shares_no_patient(lay_out: LayOut) -> None:
    parts = parts_of_patients(lay_out(*many(range(1, 25))))
    assert set().union(*parts.values()) == {"train", "validation", "calibration", "test"}
    assert {patient: len(of) for patient, of in parts.items()} == dict.fromkeys(parts, 1)


@pytest.mark.usefixtures("_small_run")
def test_a_given_division_that_shares_patients_is_refused(lay_out: LayOut) -> None:
    paths = [
        f"{part}/{path.replace('_cell_', f'_cell_{part}')}"
        for part in ("train", "valid", "test")
        for path in many(range(1, 9))
    ]
    with pytest.raises(LeakageError, match=r"(?s)P\d|patient|belong together"):
        parts_of_patients(lay_out(*paths))


def parts_of_patients(root: Path) -> dict[str, set[str]]:
    """The parts that a run with default settings puts each patient into."""
    from cellclf.checking import plan
    from cellclf.pipeline.prepare import prepare_data
    from cellclf.progress import Silent
    from cellclf.registry import installed

    data = {"dataset": "malaria", "path": str(root), "image_size": 16}
    prepared = prepare_data(plan({"data": data, "models": ["custom_cnn"]}, installed()), Silent())
    parts: dict[str, set[str]] = {}
    for sample, part in zip(prepared.samples, prepared.split.parts, strict=True):
        parts.setdefault(sample.groups["patient"], set()).add(str(part))
    return parts
