from __future__ import annotations

from pathlib import Path

import pytest

from cellclf.data.tables import read_table
from cellclf.errors import DataError


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cells_are_found_by_column_whatever_its_case_and_what_stands_between(
    tmp_path: Path, delimiter: str
) -> None:
    file = tmp_path / "Tabelle Ä.csv"
    lines = [["Path", " Label "], ["a b.png", " ig "], ["", ""], ["Ö.png", "blast"]]
    text = "\n".join(delimiter.join(cells) for cells in lines)
    file.write_text(text, encoding="utf-8-sig")
    table = read_table(file)
    assert table.columns == ("path", "label")
    assert [(row.line, row["PATH"], row["label"]) for row in table.rows] == [
        (2, "a b.png", "ig"),
        (4, "Ö.png", "blast"),
    ]
    assert table.rows[0]["nowhere"] == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"path,label\na,b,c\n", r"more cells than the 2 columns .* in line 2"),
        (b"path,path\na,b\n", "different names. Received: 'path'"),
        (b"path,label\n", "a row for each image"),
        ("path\nÄ".encode("latin-1"), "must be UTF-8 text"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "set.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / "set.csv")


def test_a_missing_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("path,patients\na,1\n")
    with pytest.raises(DataError, match=r"'patient'.*Did you mean 'patients'"):
        read_table(tmp_path / "set.csv").require("patient")
