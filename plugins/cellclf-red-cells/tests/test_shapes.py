from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cellclf_red_cells.plugin import cellclf_datasets
from cellclf_red_cells.shapes import load

from cellclf import DataError, NoParams, Samples
from cellclf.testing import conformance, write_images

LayOutFields = Callable[[Mapping[str, str]], Path]
LayOutCells = Callable[..., Path]

FIELDS = {"12": "160 120 8\n60 60 0\n", "7": "100 100 12\n\n200 100 8\n"}
CELLS = ("normal/116_0.png", "normal/116_2.png", "burr cells/116_1.png", "burr cells/9_0.png")
PREFIX = "Chula-RBC-12-Dataset-main/Dataset"


def read(root: Path) -> Samples:
    return load(NoParams(), root=root)


def whole_fields(folder: Path) -> None:
    (folder / "Label").mkdir()
    for name, labels in FIELDS.items():
        write_images(folder, f"Dataset/{name}.jpg", height=240, width=320)
        (folder / "Label" / f"{name}.txt").write_text(labels, encoding="utf-8")


def single_cells(folder: Path) -> None:
    write_images(folder, *CELLS, height=80, width=80)


test_conformance_of_fields = conformance(*cellclf_datasets(), root=whole_fields, zipped=True)
test_conformance_of_cells = conformance(*cellclf_datasets(), root=single_cells, zipped=True)


def test_a_box_of_80_pixels_is_read_around_each_centre(lay_out_fields: LayOutFields) -> None:
    samples = read(lay_out_fields(FIELDS))
    assert samples.classes == ("normal", "burr", "elliptocyte")
    assert [(sample.id, sample.label, sample.box) for sample in samples] == [
        (f"{PREFIX}/12.jpg#000", "burr", (120, 80, 200, 160)),
        (f"{PREFIX}/12.jpg#001", "normal", (20, 20, 100, 100)),
        (f"{PREFIX}/7.jpg#000", "elliptocyte", (60, 60, 140, 140)),
        (f"{PREFIX}/7.jpg#002", "burr", (160, 60, 240, 140)),
    ]
    assert [sample.groups for sample in samples] == [{"field": "12"}] * 2 + [{"field": "7"}] * 2
    assert samples.notes == ()


def test_the_zip_file_is_read_as_it_was_downloaded(
    lay_out_fields: LayOutFields, tmp_path: Path
) -> None:
    expected = [sample.id for sample in read(lay_out_fields(FIELDS))]
    (tmp_path / "fetched").mkdir()
    packed = shutil.make_archive(
        str(tmp_path / "fetched" / "Chula-RBC-12-Dataset-main"),
        "zip",
        tmp_path,
        "Chula-RBC-12-Dataset-main",
    )
    assert [sample.id for sample in read(Path(packed))] == expected
    assert [sample.id for sample in read(Path(packed).parent)] == expected


def test_boxes_near_the_border_are_moved_inside_and_keep_their_scale(
    lay_out_fields: LayOutFields,
) -> None:
    samples = read(lay_out_fields({"1": "25 120 0\n295 25 8\n160 215 8\n"}))
    assert [sample.box for sample in samples] == [
        (0, 80, 80, 160),
        (240, 0, 320, 80),
        (120, 160, 200, 240),
    ]


def test_cells_that_the_border_cuts_off_are_left_out_and_counted(
    lay_out_fields: LayOutFields,
) -> None:
    samples = read(lay_out_fields({"1": "160 120 8\n160 60 0\n24 120 8\n296 120 8\n160 216 0\n"}))
    assert len(samples) == 2
    assert samples.notes == (
        "3 cells whose centre is less than 25 pixels from the border of their field are left out: "
        "the border cuts them off",
    )


def test_cells_without_a_shape_are_left_out_and_counted(lay_out_fields: LayOutFields) -> None:
    samples = read(lay_out_fields({"1": "160 120 8\n60 60 0\n200 60 10\n"}))
    assert samples.counts == {"normal": 1, "burr": 1}
    assert samples.notes == ("1 cells that their publisher calls uncategorised are left out",)


def test_a_cell_marked_twice_is_one_and_a_disputed_one_none(lay_out_fields: LayOutFields) -> None:
    text = "160 120 8\n160 120 8\n60 60 0\n100 60 3\n100 60 4\n"
    samples = read(lay_out_fields({"1": text}))
    assert [sample.label for sample in samples] == ["burr", "normal"]
    assert samples.notes == (
        "1 cells are left out that are marked again at a place that has a shape already",
        "2 cells are left out that are marked with more than one shape at one place",
    )


def test_fields_and_labels_without_each_other_are_counted(lay_out_fields: LayOutFields) -> None:
    root = lay_out_fields({**FIELDS, "1": "60 60 0\n", "2": "60 60 0\n"})
    (root / "Chula-RBC-12-Dataset-main" / "Label" / "1.txt").unlink()
    (root / "Chula-RBC-12-Dataset-main" / "Dataset" / "2.jpg").unlink()
    samples = read(root)
    assert {sample.groups["field"] for sample in samples} == {"7", "12"}
    assert samples.notes == (
        "1 fields have no label file and are left out",
        "1 label files have no field and are left out",
    )


def test_a_field_that_cannot_be_read_is_left_to_the_run_to_list(
    lay_out_fields: LayOutFields,
) -> None:
    root = lay_out_fields(FIELDS)
    (root / PREFIX / "7.jpg").write_bytes(b"torn")
    assert len(read(root)) == 4


def test_single_cells_have_shape_and_field_by_folder_and_name(lay_out_cells: LayOutCells) -> None:
    samples = read(lay_out_cells(*CELLS))
    assert samples.classes == ("normal", "burr")
    assert [(sample.id, sample.groups["field"]) for sample in samples] == [
        ("burr cells/116_1.png", "116"),
        ("burr cells/9_0.png", "9"),
        ("normal/116_0.png", "116"),
        ("normal/116_2.png", "116"),
    ]
    assert samples[0].label == "burr"
    assert samples[0].box is None


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (
            ["normal/1_0.png", "sickle/1_1.png"],
            r"after its shape.*Received: images in sickle",
        ),
        (["1_0.png"], r"Received: images in \.\. Move"),
        (["normal/1_0.png", "burr/cell.png"], r"called after its field.*Received: burr/cell.png"),
        (["normal/1_0.png", "normal/1_1.png"], r"at least 2 shapes of .* Received: normal\. Name"),
    ],
    ids=str,
)
def test_single_cells_that_are_not_of_the_set_are_refused(
    lay_out_cells: LayOutCells, paths: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(lay_out_cells(*paths))


@pytest.mark.parametrize("text", ["60 60", "60 60 0 1", "60 60 13", "-1 60 0", "a b c", "6.5 60 0"])
def test_a_damaged_label_file_is_refused_with_its_line(
    lay_out_fields: LayOutFields, text: str
) -> None:
    with pytest.raises(DataError, match=rf"Label/9.txt must .* Received: '{text}' in line 2"):
        read(lay_out_fields({**FIELDS, "9": f"60 60 0\n{text}\n"}))


def test_fields_without_a_usable_cell_are_refused(lay_out_fields: LayOutFields) -> None:
    with pytest.raises(DataError, match=r"at least 2 shapes of .* Received: none"):
        read(lay_out_fields({"1": "", "2": "60 60 10\n"}))


def test_a_folder_with_something_else_is_refused_with_the_way_to_get_the_set(
    tmp_path: Path,
) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DataError, match=r"Received: found 1 .txt. Download the zip file of https"):
        read(tmp_path)


def test_the_set_comes_with_its_licence_and_citation() -> None:
    (spec,) = cellclf_datasets()
    assert spec.licence == "MIT"
    assert "arXiv:2012.01321" in spec.citation
    assert spec.fetch is None
