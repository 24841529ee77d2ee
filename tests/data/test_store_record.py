from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellclf.data.store_record import read_record, recorded_images, write_record


@given(st.dictionaries(st.integers(0, 200), st.text()))
def test_a_record_reads_as_it_was_written(reasons: dict[int, str]) -> None:
    # As keys of JSON, numbers have another order: 10 before 2.
    with TemporaryDirectory() as folder:
        write_record(Path(folder), {"shape": (3, 8, 8, 3), "unreadable": reasons})
        assert read_record(Path(folder)) == {
            "shape": [3, 8, 8, 3],
            "unreadable": {str(row): reason for row, reason in reasons.items()},
        }
        assert recorded_images(Path(folder)) == 3


@pytest.mark.parametrize("content", ["", "[]", "{", '{"shape": [3]}', '{"shape": [3], "seal": ""}'])
def test_a_record_that_was_not_written_so_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "store.json").write_text(content)
    with pytest.raises(ValueError, match=r"store\.json|Expecting"):
        read_record(tmp_path)


def test_what_is_no_store_has_no_number_of_images(tmp_path: Path) -> None:
    assert recorded_images(tmp_path) is None
    (tmp_path / "store.json").write_text('{"shape": "square"}')
    assert recorded_images(tmp_path) is None
