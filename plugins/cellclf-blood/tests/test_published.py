from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cellclf_blood.published import load
from cellclf_blood.vocabulary import CLASSES

from cellclf import DataError, DatasetSpec, NoParams
from cellclf.registry import installed
from cellclf.testing import check_plugin, conformance, write_images

LayOut = Callable[..., Path]


def test_class_folders_are_found_below_any_common_prefix(lay_out: LayOut) -> None:
    root = lay_out(
        "archive/PBC_dataset_normal_DIB/Neutrophils/SNE_2.jpg",
        "archive/PBC_dataset_normal_DIB/PLATELET/a/PLATELET_1.JPG",
        "archive/PBC_dataset_normal_DIB/immature_granulocytes(myelocytes)/MY_1.png",
    )
    samples = load(NoParams(), root=root)
    assert samples.classes == ("ig", "neutrophil", "platelet")
    assert [sample.label for sample in samples] == ["neutrophil", "platelet", "ig"]
    first = samples[0]
    assert first.id == "archive/PBC_dataset_normal_DIB/Neutrophils/SNE_2.jpg"
    assert Path(first.path) == root / first.id


def test_all_eight_classes_come_in_the_published_order(lay_out: LayOut) -> None:
    root = lay_out(*(f"{label}/1.jpg" for label in reversed(CLASSES)))
    assert load(NoParams(), root=root).classes == CLASSES


def test_the_innermost_telling_folder_decides(lay_out: LayOut) -> None:
    root = lay_out("neutrophil/a.jpg", "neutrophil/basophil/1.jpg")
    assert [sample.label for sample in load(NoParams(), root=root)] == ["neutrophil", "basophil"]


def test_a_folder_outweighs_the_prefix_of_a_file(lay_out: LayOut) -> None:
    root = lay_out("ig/SNE_1.jpg", "monocyte/MO_1.jpg")
    assert load(NoParams(), root=root).counts == {"ig": 1, "monocyte": 1}


def test_a_flat_folder_is_read_by_the_published_prefixes(lay_out: LayOut) -> None:
    root = lay_out("all/BNE_1.jpg", "all/SNE_2.jpg", "all/PMY_3.jpg", "all/LY_4.jpg")
    assert load(NoParams(), root=root).counts == {"ig": 1, "lymphocyte": 1, "neutrophil": 2}


def test_a_division_that_the_set_comes_with_is_kept(lay_out: LayOut) -> None:
    given = {
        "Train/basophil/1.jpg": "train",
        "val/basophil/2.jpg": "validation",
        "test/platelet/3.jpg": "test",
        "calib/basophil/4.jpg": "calibration",
        "Calibration/platelet/5.jpg": "calibration",
    }
    assert {s.id: s.split for s in load(NoParams(), root=lay_out(*given))} == given


def test_hidden_files_and_litter_of_archives_are_passed_over(lay_out: LayOut) -> None:
    root = lay_out(
        "basophil/1.jpg",
        "platelet/2.jpg",
        "basophil/._1.jpg",
        "basophil/.DS_Store",
        "__MACOSX/basophil/1.jpg",
        "readme.txt",
    )
    assert len(load(NoParams(), root=root)) == 2


def test_an_unknown_folder_is_refused_by_name_with_the_eight_known_ones(lay_out: LayOut) -> None:
    root = lay_out("basophil/1.jpg", "platelet/2.jpg", "blast/3.jpg")
    with pytest.raises(DataError) as refused:
        load(NoParams(), root=root)
    message = str(refused.value)
    assert (root / "blast").as_posix() in message
    assert all(label in message for label in CLASSES)


def test_a_flat_folder_with_an_unknown_prefix_is_refused(lay_out: LayOut) -> None:
    root = lay_out("BA_1.jpg", "EO_2.jpg", "holiday_3.jpg")
    with pytest.raises(DataError, match="Received 1 images"):
        load(NoParams(), root=root)


def test_a_single_class_is_refused(lay_out: LayOut) -> None:
    with pytest.raises(DataError, match=r"at least two classes.*only basophil"):
        load(NoParams(), root=lay_out("basophil/1.jpg"))


def test_a_folder_without_images_is_refused(lay_out: LayOut) -> None:
    with pytest.raises(DataError, match=r"no image; found 1 \.txt.*data\.mendeley\.com"):
        load(NoParams(), root=lay_out("basophil/notes.txt"))


def test_a_missing_folder_and_a_file_are_refused(lay_out: LayOut) -> None:
    root = lay_out("set.jpg")
    with pytest.raises(DataError, match=r"nothing there.*data\.mendeley\.com"):
        load(NoParams(), root=root / "nowhere")
    with pytest.raises(DataError, match="a file of another kind"):
        load(NoParams(), root=root / "set.jpg")


def test_a_part_that_stands_alone_divides_nothing(lay_out: LayOut) -> None:
    root = lay_out("test/basophil/1.jpg", "test/platelet/2.jpg")
    assert [sample.split for sample in load(NoParams(), root=root)] == [None, None]


def as_published(folder: Path) -> None:
    write_images(folder, *(f"PBC_dataset_normal_DIB/{name}/{name}_1.jpg" for name in CLASSES))


def as_on_kaggle(folder: Path) -> None:
    write_images(folder, *(f"bloodcells_dataset/{name}/{name}_1.jpg" for name in CLASSES))


def divided(folder: Path) -> None:
    for part in ("train", "test"):
        write_images(folder, *(f"bloodcells/{part}/{name}/1.jpg" for name in CLASSES))


SPEC = installed().get(DatasetSpec, "blood_cells")

test_conformance = conformance(SPEC, root=as_published, zipped=True)
test_conformance_as_on_kaggle = conformance(SPEC, root=as_on_kaggle, zipped=True)
test_conformance_of_a_divided_set = conformance(SPEC, root=divided, zipped=True)


def test_what_was_downloaded_is_read_as_it_is(draw: LayOut, zipped: Callable[[Path], Path]) -> None:
    root = draw(
        *("PBC_dataset_normal_DIB/ig/MY_1.jpg", "PBC_dataset_normal_DIB/monocyte/MO_1.jpg"),
        *("PBC_dataset_normal_DIB/ig/._MY_1.jpg", "__MACOSX/PBC_dataset_normal_DIB/ig/._MY_1.jpg"),
    )
    expected = ["PBC_dataset_normal_DIB/ig/MY_1.jpg", "PBC_dataset_normal_DIB/monocyte/MO_1.jpg"]
    archive = zipped(root)
    outer = archive.with_name("snkd93bnjr-1.zip")
    with zipfile.ZipFile(outer, "w") as file:
        file.write(archive, "A dataset/PBC_dataset_normal_DIB.zip")
    for place in (root, archive, outer):
        assert [sample.id for sample in load(NoParams(), root=place)] == expected


@pytest.mark.real_data
def test_the_published_set_is_read_whole(real_data: Path) -> None:
    assert load(NoParams(), root=real_data / "pbc").counts == dict.fromkeys(CLASSES, 240)
    check_plugin(SPEC, root=real_data / "pbc", zipped=True)
