from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cellclf.data.groups import grouped_by_pattern, grouped_by_table
from cellclf.data.samples import Sample, Samples
from cellclf.errors import DataError


def cells(*ids: str, groups: dict[str, str] | None = None) -> Samples:
    samples = tuple(Sample(id=name, label="ig", path=name, groups=groups or {}) for name in ids)
    return Samples(samples=samples, classes=("ig",))


def groups_of(samples: Samples) -> list[dict[str, str]]:
    return [dict(sample.groups) for sample in samples]


def by_table(
    samples: Samples,
    file: Path,
    *lines: str,
    path_column: str = "path",
    group_columns: Sequence[str] = ("patient",),
) -> list[dict[str, str]]:
    file.write_text("\n".join(lines), encoding="utf-8")
    done = grouped_by_table(samples, file, path_column=path_column, group_columns=group_columns)
    return groups_of(done)


def test_each_named_group_of_the_pattern_is_a_kind() -> None:
    samples = cells("a/C132P93_cell_1.png", "b/C7P2_cell_9.png", "b/control_cell_3.png")
    pattern = r"/(?P<patient>C\d+)?[^/]*_(?P<kind>cell)_\d+\.png$"
    assert groups_of(grouped_by_pattern(samples, pattern)) == [
        {"patient": "C132", "kind": "cell"},
        {"patient": "C7", "kind": "cell"},
        {"kind": "cell"},
    ]


def test_the_pattern_is_laid_over_what_the_plugin_said() -> None:
    samples = cells("s1/C7_1.png", groups={"patient": "unknown", "field": "3"})
    done = grouped_by_pattern(samples, r"(?P<slide>s\d+)/(?P<patient>C\d+)")
    assert groups_of(done) == [{"patient": "C7", "field": "3", "slide": "s1"}]
    emptied = grouped_by_pattern(samples, r"(?P<patient>X\d+)?")
    assert groups_of(emptied) == [{"patient": "unknown", "field": "3"}]


def test_a_sample_that_the_pattern_does_not_match_is_named_and_counted() -> None:
    wanted = r"2 of 3 do not match .*'b/other\.png' does not match"
    with pytest.raises(DataError, match=wanted):
        grouped_by_pattern(cells("a/C1_1.png", "b/other.png", "b/x.png"), r"(?P<patient>C\d+)_")


def test_a_table_names_samples_by_their_ids_or_the_end_of_them(tmp_path: Path) -> None:
    samples = cells("train/ig/1.png", "train/ig/2.png", "test/ig/2.png", groups={"slide": "4"})
    rows = ("Path;Patient;age", "1.png;p1;50", r"train\ig\2.png;p2;60", "test/ig/2.png;;70")
    found = by_table(samples, tmp_path / "Bögen 1.csv", *rows)
    assert found == [
        {"slide": "4", "patient": "p1"},
        {"slide": "4", "patient": "p2"},
        {"slide": "4"},
    ]


def test_rows_of_other_sets_are_passed_over_and_several_columns_are_several_kinds(
    tmp_path: Path,
) -> None:
    rows = ("dataset,file,group,slide", "this,1.png,g,s", "another,99.png,h,t")
    found = by_table(
        cells("ig/1.png"),
        tmp_path / "groups.csv",
        *rows,
        path_column="file",
        group_columns=("group", "slide"),
    )
    assert found == [{"group": "g", "slide": "s"}]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ("path,patient", "a/1.png,p"),
            r"a row for every sample.*none for 2 of 3, such as 'b/1\.png'",
        ),
        (
            ("path,patient", "1.png,p", "a/1.png,p", "b/1.png,q"),
            r"'1\.png' in line 2.* more of the",
        ),
        (
            ("path,patient", "a/1.png,p", "b/1.png,p", "b/2.png,p", "2.png,q"),
            r"'b/2\.png' one patient. Received: 'p' and 'q', in lines 4, 5",
        ),
        (("path,patients", "a/1.png,p"), r"must have a column 'patient'.*Did you mean 'patients'"),
    ],
)
def test_a_table_that_leaves_a_sample_in_doubt_is_refused(
    tmp_path: Path, rows: tuple[str, ...], message: str
) -> None:
    samples = cells("a/1.png", "b/1.png", "b/2.png")
    with pytest.raises(DataError, match=message):
        by_table(samples, tmp_path / "groups.csv", *rows)


def test_a_table_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv cannot be read"):
        grouped_by_table(
            cells("1.png"), tmp_path / "none.csv", path_column="path", group_columns=("group",)
        )
