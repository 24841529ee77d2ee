from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cellclf_blood.fields import load
from cellclf_blood.params import FieldsParams

from cellclf import DataError, Samples
from cellclf.data.reading import content_hash, read_sample
from cellclf.testing import check_plugin, conformance, write_images

HEIGHT, WIDTH = 30, 40

Box = tuple[str, float, float, float, float]
Make = Callable[..., Path]

TYPICAL: dict[str, list[Box]] = {
    "a": [("RBC", 1, 1, 10, 10), ("WBC", 5, 5, 30, 25), ("Platelets", 30, 20, 35, 30)],
    "b": [("RBC", 21, 11, 40, 30), ("rbc", 1, 1, 10, 10)],
    "c": [("WBC", 2, 2, 20, 20), ("Platelets", 1, 1, 6, 6)],
}


def write_set(
    root: Path,
    fields: dict[str, list[Box]],
    lists: dict[str, str] | None = None,
    prefix: str = "set/",
) -> None:
    """Write a set in the layout of Pascal VOC."""
    names = [f"{prefix}JPEGImages/{name}.png" for name in fields]
    write_images(root, *names, height=HEIGHT, width=WIDTH)
    for name, boxes in fields.items():
        objects = "".join(
            f"<object><name>{label}</name><bndbox><xmin>{left}</xmin><ymin>{top}</ymin>"
            f"<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
            for label, left, top, right, bottom in boxes
        )
        file = root / f"{prefix}Annotations/{name}.xml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"<annotation>{objects}</annotation>", encoding="utf-8")
    for name, text in (lists or {}).items():
        file = root / f"{prefix}ImageSets/Main/{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a set in a folder of the test's own."""

    def build(*described: Any, **more: Any) -> Path:
        write_set(tmp_path / "drawn", *described, **more)
        return tmp_path / "drawn"

    return build


def read(root: Path, margin: float = 0.0) -> Samples:
    return load(FieldsParams(margin=margin), root=root)


def test_every_box_is_a_cell_of_its_class_and_grouped_by_field(make: Make) -> None:
    samples = read(make(TYPICAL))
    assert samples.classes == ("red_cell", "white_cell", "platelet")
    assert samples.counts == {"red_cell": 3, "white_cell": 2, "platelet": 2}
    assert [(s.id, s.box) for s in samples[:3]] == [
        ("set/JPEGImages/a.png#000", (0, 0, 10, 10)),
        ("set/JPEGImages/a.png#001", (4, 4, 30, 25)),
        ("set/JPEGImages/a.png#002", (29, 19, 35, 30)),
    ]
    assert all(s.groups == {"field": s.id.partition("#")[0]} for s in samples)
    assert samples.notes == ()


def test_the_pixels_are_those_of_the_box_and_the_content_names_it(make: Make) -> None:
    samples = read(make(TYPICAL))
    first, second = (read_sample(sample, None)[1] for sample in samples[:2])
    assert first.shape == (10, 10, 3)
    assert second.shape == (21, 26, 3)
    np.testing.assert_array_equal(first[4:, 4:], second[:6, :6])
    assert len({content_hash(sample, None) for sample in samples}) == len(samples)


def test_a_margin_is_added_on_each_side_and_ends_at_the_border(make: Make) -> None:
    boxes: list[Box] = [("RBC", 11, 11, 20, 15), ("WBC", 1, 1, 10, 10)]
    assert [s.box for s in read(make({"a": boxes}), margin=0.5)] == [
        (5, 7, 25, 18),
        (0, 0, 15, 15),
    ]


def test_boxes_that_reach_out_are_fitted_and_those_that_show_nothing_left_out(make: Make) -> None:
    boxes: list[Box] = [
        ("RBC", -5, 0, 10.4, 12),
        ("RBC", 35, 25, 60, 70),
        ("WBC", 1, 1, 10, 10),
        ("WBC", 7, 7, 7, 20),
        ("WBC", 20, 20, 10, 10),
        ("WBC", 50, 1, 60, 10),
        ("WBC", 1, 1, 10, 10),
        ("RBC", 1, 1, 10, 10),
    ]
    samples = read(make({"a": boxes}))
    assert [(s.id[-3:], s.label, s.box) for s in samples] == [
        ("000", "red_cell", (0, 0, 11, 12)),
        ("001", "red_cell", (34, 24, WIDTH, HEIGHT)),
        ("002", "white_cell", (0, 0, 10, 10)),
        ("007", "red_cell", (0, 0, 10, 10)),
    ]
    assert samples.notes == (
        "boxes fitted, reaching out of their field or between pixels: 2",
        "boxes left out, drawn twice: 1",
        "boxes left out, with sides of less than 2 pixels: 3",
    )


def test_lists_give_the_division_of_the_fields(make: Make) -> None:
    lists = {"train": "a\nb\n", "val": "c\n", "trainval": "a\nb\nc\n", "RBC_test": "a\n"}
    samples = read(make(TYPICAL, lists))
    assert {s.id.split("/")[-1][0]: s.split for s in samples} == {
        "a": "train",
        "b": "train",
        "c": "validation",
    }
    assert {s.split for s in read(make(TYPICAL, {"train": "a\nb\nc\n", "val": ""}))} == {None}


def test_a_field_in_two_lists_is_refused(make: Make) -> None:
    with pytest.raises(
        DataError, match=r"in one list. Received: a in .*test\.txt and .*train\.txt"
    ):
        read(make(TYPICAL, {"train": "a\nb\n", "test": "a\n"}))


def test_fields_and_annotations_without_each_other_are_left_out_and_counted(
    make: Make, draw: Make
) -> None:
    root = make(TYPICAL)
    draw("set/JPEGImages/d.png", "set/other/e.png")
    (root / "set/JPEGImages/c.png").unlink()
    samples = read(root)
    assert {s.groups["field"][-5] for s in samples} == {"a", "b"}
    assert samples.notes == (
        "fields left out, without an annotation: 1",
        "annotations left out, without a field: 1",
    )


def test_a_field_that_cannot_be_read_is_left_for_the_audit_to_report(make: Make) -> None:
    root = make(TYPICAL)
    (root / "set/JPEGImages/c.png").write_bytes(b"damaged")
    assert [s.box for s in read(root) if s.id.startswith("set/JPEGImages/c")] == [
        (1, 1, 20, 20),
        (0, 0, 6, 6),
    ]


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([("RBC", 1, 1, 9, 9), ("blast", 1, 1, 9, 9)], r"set/Annotations/a\.xml must name RBC"),
        ([("RBC", 1, 1, 9, 9)], r"at least two classes.*only red_cell"),
        ([("RBC", float("nan"), 1, 9, 9)], r"set/Annotations/a\.xml every object must have"),
    ],
)
def test_annotations_that_name_no_cells_are_refused(
    make: Make, boxes: list[Box], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(make({"a": boxes}))


def test_a_folder_without_fields_is_refused(draw: Make) -> None:
    with pytest.raises(DataError, match=r"none; found 1 \.png.*BCCD_Dataset"):
        read(draw("JPEGImages/1.png"))


def published(folder: Path) -> None:
    lists = {"train": "a\nb\n", "val": "c\n"}
    write_set(folder, TYPICAL, lists, prefix="BCCD_Dataset-master/BCCD/")


test_conformance = conformance(
    "blood_cell_fields", params={"margin": 0.2}, root=published, zipped=True
)


@pytest.mark.real_data
def test_the_published_fields_are_read_whole(real_data: Path) -> None:
    root = real_data / "bccd_fields"
    samples = read(root)
    assert samples.counts == {"red_cell": 3348, "white_cell": 301, "platelet": 292}
    assert samples.notes == ("boxes left out, with sides of less than 2 pixels: 2",)
    fields = {sample.groups["field"]: sample.split for sample in samples}
    assert Counter(fields.values()) == {"train": 205, "validation": 87}
    check_plugin("blood_cell_fields", root=root, zipped=True)
