from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cellclf.builtin.csv_table import load
from cellclf.builtin.dataset_specs import CsvParams
from cellclf.data.samples import Samples
from cellclf.errors import DataError


def table(folder: Path, *lines: str, encoding: str = "utf-8", name: str = "set.csv") -> Path:
    """Write a table and one of the images that it names: reading it does not open images."""
    (folder / "img").mkdir(exist_ok=True)
    (folder / "img" / "1.png").touch()
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding=encoding)
    return file


def read(root: Path, **params: Any) -> Samples:
    return load(CsvParams(**params), root=root)


def test_a_row_is_a_sample_with_its_path_relative_to_the_table(tmp_path: Path) -> None:
    file = table(tmp_path, "path,label", "img/2.png,b", "img/1.png,a")
    samples = read(file)
    assert samples.classes == ("a", "b")
    assert [(s.id, s.label, s.split, dict(s.groups)) for s in samples] == [
        ("img/2.png", "b", None, {}),
        ("img/1.png", "a", None, {}),
    ]
    assert [Path(str(s.path)) for s in samples] == [tmp_path / s.id for s in samples]


def test_groups_and_splits_are_read_and_may_be_empty(tmp_path: Path) -> None:
    file = table(
        tmp_path,
        "path,label,group,split",
        "img/1.png,a,p1,Training",
        "img/2.png,a,,val",
        "img/3.png,b,p2,",
    )
    assert [(dict(s.groups), s.split) for s in read(file)] == [
        ({"group": "p1"}, "train"),
        ({}, "validation"),
        ({"group": "p2"}, None),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_spreadsheets_of_any_country_are_read(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    lines = [" Path,LABEL,Remark", "img/1.png, é ,x", "", ",,", '"img/2, 3.png",b']
    if delimiter != ",":
        lines = [line.replace(",", delimiter) for line in lines]
    samples = read(table(tmp_path, *lines, encoding=encoding))
    assert [(s.id, s.label) for s in samples] == [
        ("img/1.png", "é"),
        (f"img/2{delimiter} 3.png", "b"),
    ]


def test_columns_can_be_called_otherwise(tmp_path: Path) -> None:
    file = table(tmp_path, "Image,Cell Type,patient,slide,fold", "img/1.png,a,p,s,test")
    samples = read(
        file,
        path_column="image",
        label_column="cell type",
        group_columns=("patient", "slide"),
        split_column="Fold",
    )
    assert samples[0].groups == {"patient": "p", "slide": "s"}
    assert samples[0].split == "test"


def test_a_folder_with_one_table_stands_for_it(tmp_path: Path) -> None:
    table(tmp_path, "path,label", "img/1.png,a")
    assert len(read(tmp_path)) == 1


def test_backslashes_and_absolute_paths_are_understood(tmp_path: Path) -> None:
    absolute = (tmp_path / "img" / "9.png").as_posix()
    samples = read(table(tmp_path, "path,label", "img\\1.png,a", f"{absolute},b"))
    assert [s.id for s in samples] == ["img/1.png", absolute]
    assert samples[1].path == str(Path(absolute))


def test_defaults_written_out_read_the_same_table(tmp_path: Path) -> None:
    """The resolved experiment names every column, and must run again as it stands."""
    file = table(tmp_path, "path,label", "img/1.png,a")
    assert read(file, **CsvParams().model_dump()) == read(file)


@pytest.mark.parametrize(
    ("lines", "params", "message"),
    [
        (["path,lable", "img/1.png,a"], {}, "a column 'label'.*Did you mean 'lable'"),
        (["file,label", "img/1.png,a"], {}, "a column 'path'.*Received: file, label"),
        (
            ["path,label,patients", "img/1.png,a,p"],
            {"group_columns": ("patient",)},
            "a column 'patient'.*Did you mean 'patients'",
        ),
        (["path,label,groups", "img/1.png,a,p"], {}, "'groups' .* would be passed over"),
        (["path,label,Label", "img/1.png,a,b"], {}, "different names. Received: 'label'"),
        (["path,label", "img/1.png,a", "img/2.png,", "img/3.png"], {}, "no label in lines 3, 4"),
        (["path,label", ",a"], {}, "no path in line 2"),
        (["path,label,split", "img/1.png,a,both"], {}, "a split other than train, .* in line 2"),
        (["path,label", "img/1.png,a", "img\\1.png,b"], {}, "the same path in lines 2, 3"),
        (["path,label", "img/1, 2.png,a"], {}, "more cells than the 2 columns .* in line 2"),
        (["path,label", *["x.png,"] * 9], {}, "in lines 2, 3, 4, 5, 6 and 4 more"),
        (["path,label", "gone/1.png,a"], {}, "none of the 1 images .* exists.*gone"),
        (["path,label"], {}, "a row for each image"),
        ([""], {}, "a row for each image"),
    ],
)
def test_a_table_that_does_not_say_what_each_image_is_is_refused(
    tmp_path: Path, lines: list[str], params: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(table(tmp_path, *lines), **params)


def test_a_table_in_an_unknown_encoding_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must be UTF-8 text: save it as"):
        read(table(tmp_path, "path,label", "img/1.png,é", encoding="latin-1"))


def test_a_place_without_exactly_one_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must be a CSV file"):
        read(tmp_path / "gone.csv")
    with pytest.raises(DataError, match=r"exactly one CSV file.*Received: none"):
        read(tmp_path)
    table(tmp_path, "path,label", name="a.csv")
    table(tmp_path, "path,label", name="b.csv")
    with pytest.raises(DataError, match=r"exactly one CSV file.*Received: a\.csv, b\.csv"):
        read(tmp_path)


def test_rows_without_a_label_are_passed_over_where_that_is_asked_for(tmp_path: Path) -> None:
    table(tmp_path, "path,label,corrected", "a.png,,round", "b.png,,", "c.png,,long")
    for name in "abc":
        (tmp_path / f"{name}.png").touch()
    params = CsvParams(label_column="corrected", skip_unlabelled=True)
    assert [sample.id for sample in load(params, root=tmp_path).samples] == ["a.png", "c.png"]
    with pytest.raises(DataError, match="no label in line 3"):
        load(CsvParams(label_column="corrected"), root=tmp_path)
    with pytest.raises(DataError, match="must have a row with a label, in 'label'"):
        load(CsvParams(skip_unlabelled=True), root=tmp_path)
