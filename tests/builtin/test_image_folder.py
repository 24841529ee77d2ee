from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from cellclf.builtin.image_folder import load
from cellclf.data.samples import Samples
from cellclf.errors import DataError
from cellclf.specs import NoParams


def lay_out(root: Path, *names: str) -> Path:
    """Make empty files: reading a folder does not open the images."""
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return root


def read(root: Path) -> Samples:
    return load(NoParams(), root=root)


def as_rows(samples: Samples) -> list[tuple[str, str, str | None]]:
    return [(sample.id, sample.label, sample.split) for sample in samples]


def test_each_folder_is_a_class_and_ids_are_paths_below_the_root(tmp_path: Path) -> None:
    lay_out(tmp_path, "b/2.jpg", "b/10.PNG", "a/deep/er/1.tiff", "a/1.bmp")
    samples = read(tmp_path)
    assert samples.classes == ("a", "b")
    assert as_rows(samples) == [
        ("a/1.bmp", "a", None),
        ("a/deep/er/1.tiff", "a", None),
        ("b/10.PNG", "b", None),
        ("b/2.jpg", "b", None),
    ]
    assert [Path(str(sample.path)) for sample in samples] == [tmp_path / s.id for s in samples]


def test_paths_are_absolute_however_the_root_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path, "a/1.jpg", "b/1.jpg")
    monkeypatch.chdir(tmp_path)
    assert [Path(str(s.path)) for s in read(Path())] == [tmp_path / "a/1.jpg", tmp_path / "b/1.jpg"]


def test_folders_that_all_images_share_are_passed_over(tmp_path: Path) -> None:
    lay_out(
        tmp_path, "archive/readme.txt", "archive/PBC/a/1.jpg", "archive/PBC/b/1.jpg", "docs/x.md"
    )
    assert as_rows(read(tmp_path)) == [
        ("archive/PBC/a/1.jpg", "a", None),
        ("archive/PBC/b/1.jpg", "b", None),
    ]


@pytest.mark.parametrize("template", ["set/{part}/{label}/1.jpg", "set/{label}/{part}/1.jpg"])
@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["train", "val", "test"], ["train", "validation", "test"]),
        (["Training", "Validation", "Testing"], ["train", "validation", "test"]),
        (["TRAIN", "valid", "calib"], ["train", "validation", "calibration"]),
    ],
)
def test_a_given_split_is_read_above_and_below_the_classes(
    tmp_path: Path, template: str, names: list[str], parts: list[str]
) -> None:
    lay_out(tmp_path, *(template.format(part=p, label=c) for p in names for c in ("a", "b")))
    samples = read(tmp_path)
    assert samples.classes == ("a", "b")
    expected = {
        (template.format(part=name, label=label), label, part)
        for name, part in zip(names, parts, strict=True)
        for label in ("a", "b")
    }
    assert set(as_rows(samples)) == expected


def test_common_folders_inside_the_parts_are_passed_over(tmp_path: Path) -> None:
    lay_out(
        tmp_path,
        "train/images/a/1.jpg",
        "train/images/b/1.jpg",
        "test/pictures/a/2.jpg",
        "test/pictures/b/2.jpg",
    )
    assert [(s.label, s.split) for s in read(tmp_path)] == [
        ("a", "test"),
        ("b", "test"),
        ("a", "train"),
        ("b", "train"),
    ]


def test_a_part_with_a_single_class_is_understood_from_the_others(tmp_path: Path) -> None:
    lay_out(tmp_path, "train/a/x/1.jpg", "train/b/x/1.jpg", "test/a/x/2.jpg")
    assert ("test/a/x/2.jpg", "a", "test") in as_rows(read(tmp_path))


@pytest.mark.parametrize(
    "files", [["train/a/1.jpg", "train/b/1.jpg"], ["a/test/1.jpg", "b/test/1.jpg"]]
)
def test_a_part_that_stands_alone_divides_nothing(tmp_path: Path, files: list[str]) -> None:
    lay_out(tmp_path, *files)
    assert [sample.split for sample in read(tmp_path)] == [None, None]


def test_names_with_spaces_and_of_any_script_are_kept(tmp_path: Path) -> None:
    lay_out(tmp_path, "Zelle mit Kern/ä 1.jpg", "лимфоцит/1.jpg", "単球/1.jpg")
    assert read(tmp_path).classes == ("Zelle mit Kern", "лимфоцит", "単球")


def test_accents_are_composed_in_ids_and_classes_but_not_in_paths(tmp_path: Path) -> None:
    lay_out(tmp_path, "e\u0301/1.jpg", "b/1.jpg")
    sample = read(tmp_path)[1]
    assert (sample.id, sample.label) == ("\u00e9/1.jpg", "\u00e9")
    assert Path(sample.path).parent.name in {"e\u0301", "\u00e9"}
    assert Path(sample.path).exists()


def test_what_systems_leave_behind_is_passed_over(tmp_path: Path) -> None:
    lay_out(
        tmp_path,
        *("a/1.jpg", "a/._1.jpg", "a/Thumbs.db", "b/1.jpg", ".cache/c/1.jpg"),
        *("__MACOSX/a/1.jpg", ".DS_Store", "b/.ipynb_checkpoints/1.jpg"),
    )
    assert [sample.id for sample in read(tmp_path)] == ["a/1.jpg", "b/1.jpg"]


def test_other_files_among_the_images_are_passed_over(tmp_path: Path) -> None:
    lay_out(tmp_path, "labels.csv", "a/1.jpg", "a/1.xml", "b/1.jpg", "b/notes/read.me")
    assert len(read(tmp_path)) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs rights there")
def test_linked_folders_are_followed_and_loops_end(tmp_path: Path) -> None:
    elsewhere = lay_out(tmp_path / "elsewhere", "1.jpg")
    root = lay_out(tmp_path / "root", "a/1.jpg")
    (root / "b").symlink_to(elsewhere)
    (root / "a" / "loop").symlink_to(root)
    (root / "a" / "self").symlink_to(root / "a")
    assert [sample.id for sample in read(root)] == ["a/1.jpg", "b/1.jpg"]


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs rights there")
def test_a_broken_link_to_an_image_is_kept_for_the_audit_to_report(tmp_path: Path) -> None:
    root = lay_out(tmp_path, "a/1.jpg", "b/1.jpg")
    (root / "b" / "2.jpg").symlink_to(tmp_path / "gone.jpg")
    assert len(read(root)) == 3


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["a/1.txt", "a/2.txt", "b/notes"], r"no images .*\.jpg.*found 2 \.txt, 1 without suffix"),
        ([], "found no files"),
        (["x.png", "a/1.jpg", "b/1.jpg"], r"1 image directly in .*x\.png"),
        (["train/a/1.jpg", "train/b/1.jpg", "test/1.jpg"], "1 image directly in .*test"),
        (["a/1.jpg", "b/1.jpg", "c/1.dcm"], r"c stands beside .* found 1 \.dcm"),
        (["train/a/1.jpg", "val/a/1.jpg", "test/a/1.gif"], r"test stands beside .* found 1 \.gif"),
        (["train/a/1.jpg", "test/a/1.jpg", "extra/a/1.jpg"], r"\(test, train\) and .*'extra'"),
    ],
)
def test_a_layout_that_leaves_a_class_unclear_is_refused(
    tmp_path: Path, files: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(lay_out(tmp_path, *files))


def test_images_without_class_folders_have_no_label(tmp_path: Path) -> None:
    lay_out(tmp_path / "flat", "1.jpg", "2.jpg", "notes/read.me")
    flat = read(tmp_path / "flat")
    assert flat.classes == ()
    assert as_rows(flat) == [("1.jpg", "", None), ("2.jpg", "", None)]
    divided = read(lay_out(tmp_path / "divided", "train/1.jpg", "test/2.jpg"))
    assert divided.classes == ()
    assert as_rows(divided) == [("test/2.jpg", "", "test"), ("train/1.jpg", "", "train")]


def test_one_class_alone_is_left_to_the_split_to_refuse(tmp_path: Path) -> None:
    assert read(lay_out(tmp_path, "a/1.jpg", "a/2.jpg")).classes == ("a",)


def test_a_zip_file_is_read_as_the_folder_that_it_holds(tmp_path: Path) -> None:
    names = ("cells/train/a/1.jpg", "cells/train/b/2.png", "cells/test/a/3.jpg", "cells/x.txt")
    folder = lay_out(tmp_path / "folder", *names)
    with zipfile.ZipFile(tmp_path / "cells.zip", "w") as archive:
        for name in (*names, "__MACOSX/cells/train/a/._1.jpg"):
            archive.writestr(name, b"")
    samples = read(tmp_path / "cells.zip")
    assert as_rows(samples) == as_rows(read(folder))
    assert {sample.path for sample in samples} == {str(tmp_path / "cells.zip")}
    assert [sample.member for sample in samples] == [sample.id for sample in samples]


def test_a_missing_folder_and_a_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"must be a folder or a zip file.*nothing there"):
        read(tmp_path / "gone")
    file = lay_out(tmp_path, "1.jpg") / "1.jpg"
    with pytest.raises(DataError, match=r"must be a folder or a zip file.*another kind"):
        read(file)
    with pytest.raises(DataError, match=r"--dataset csv"):
        read(lay_out(tmp_path, "cells.csv") / "cells.csv")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse to make such names")
def test_a_file_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    lay_out(tmp_path, "a/1.jpg", "b/\udcff.jpg")
    with pytest.raises(DataError, match="no valid text"):
        read(tmp_path)
