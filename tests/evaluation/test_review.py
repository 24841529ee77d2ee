"""The review list."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cellclf.errors import DataError
from cellclf.evaluation.predictions import predictions_table
from cellclf.evaluation.review import (
    read_review,
    reasons_to_review,
    review_list,
    says_what_to_review,
    with_corrections,
    write_review,
)
from cellclf.spreadsheets import read_texts

PATHS = ("a/1.png", "a/2.png", "b/=3.png", "b/4.png")


def predictions(review: list[object] | None = None) -> pd.DataFrame:
    table = predictions_table(
        sample_ids=PATHS,
        paths=PATHS,
        probabilities=[[0.9, 0.1], [0.6, 0.4], [0.45, 0.55], [0.2, 0.8]],
        classes=("round", "long"),
    )
    marked = [False, True, True, False] if review is None else review
    table["review"] = pd.Series(marked, dtype="boolean")
    return table


def listed(table: pd.DataFrame) -> pd.DataFrame:
    return review_list(table, table["path"].str[0])


def test_unidentified_cells_come_first_and_then_the_least_sure() -> None:
    table = predictions()
    table.loc[0, "predicted"] = "unidentified"
    found = listed(table)
    assert found["path"].tolist() == ["a/1.png", "b/=3.png", "a/2.png"]
    assert found["why"].tolist() == ["unidentified", "unsure", "unsure"]
    assert found["top_class"].tolist() == ["round", "long", "round"]
    assert found["specimen"].tolist() == ["a", "b", "a"]
    assert set(found["corrected"]) == {""}


def test_cells_of_no_class_come_in_the_order_of_how_unlike_the_others_they_are() -> None:
    table = predictions().assign(outlier_score=[1.5, 1.0, 3.0, 2.0])
    table.loc[[0, 2, 3], "predicted"] = "unidentified"
    found = listed(table)
    assert found["path"].tolist() == ["b/=3.png", "b/4.png", "a/1.png", "a/2.png"]
    assert found["outlier_score"].tolist() == [3.0, 2.0, 1.5, 1.0]


def test_where_no_threshold_was_found_answers_are_not_called_unsure() -> None:
    found = review_list(predictions(), predictions()["path"], threshold=False)
    assert set(found["why"]) == {"no threshold"}


def test_a_model_that_is_not_calibrated_leaves_all_answers_to_a_person() -> None:
    found = listed(predictions([pd.NA] * 4))
    assert found["confidence"].is_monotonic_increasing
    assert set(found["why"]) == {"not calibrated"}
    assert len(found) == 4


def test_reasons_are_the_same_for_a_table_that_was_read_as_text() -> None:
    typed = predictions([False, True, pd.NA, True])
    typed.loc[3, "predicted"] = "unidentified"
    text = typed.assign(review=["FALSE", "true ", "", "True"])
    wanted = ["", "unsure", "not calibrated", "unidentified"]
    assert reasons_to_review(typed).tolist() == reasons_to_review(text).tolist() == wanted
    assert says_what_to_review(text)
    assert not says_what_to_review(text.assign(review=""))
    # Of another program's table nothing is known.
    assert says_what_to_review(text.drop(columns="review"))
    foreign = reasons_to_review(text.drop(columns="review"))
    assert foreign.tolist() == ["", "", "", "unidentified"]
    with pytest.raises(DataError, match=r"'review' must say True or False.* 'WAHR'"):
        reasons_to_review(text.assign(review="WAHR"))


def test_where_every_answer_is_sure_the_list_is_empty() -> None:
    assert not len(listed(predictions([False] * 4)))


def test_paths_are_relative_to_the_list_where_the_images_lie_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    write_review(listed(predictions()), Path("review.csv"))
    assert read_texts(Path("review.csv"))["path"].tolist() == ["b/=3.png", "a/2.png"]
    write_review(listed(predictions()), Path("elsewhere/review.csv"))
    assert read_texts(Path("elsewhere/review.csv"))["path"].tolist() == [
        (tmp_path / path).as_posix() for path in ("b/=3.png", "a/2.png")
    ]


def test_what_a_person_wrote_is_put_to_the_predictions(tmp_path: Path) -> None:
    found = listed(predictions())
    found["corrected"] = ["round", " "]
    write_review(found, tmp_path / "review.csv")
    review = read_review(tmp_path / "review.csv")
    assert review.to_dict("list") == {"sample_id": ["b/=3.png"], "corrected": ["round"]}
    merged = with_corrections(predictions(), review)
    assert merged["corrected"].tolist() == ["", "", "round", ""]
    # A list adds to what is there already, and counts before it.
    earlier = predictions().assign(corrected=["long", "", "long", ""])
    assert with_corrections(earlier, review)["corrected"].tolist() == ["long", "", "round", ""]


def test_a_list_that_a_spreadsheet_saved_with_semicolons_is_read(tmp_path: Path) -> None:
    found = listed(predictions()).assign(corrected=["round", ""])
    text = found.to_csv(sep=";", index=False, lineterminator="\r\n")
    (tmp_path / "review.csv").write_text(text, encoding="utf-8-sig", newline="")
    review = read_review(tmp_path / "review.csv")
    assert review.to_dict("list") == {"sample_id": ["b/=3.png"], "corrected": ["round"]}


def test_a_list_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "review.csv"
    with pytest.raises(DataError, match="no such review list"):
        read_review(file)
    file.write_text("path,label\n1,2\n")
    with pytest.raises(DataError, match="'sample_id' and 'corrected'"):
        read_review(file)
    file.write_text("sample_id,corrected\nx,a\nx,b\n")
    with pytest.raises(DataError, match="Received twice: 'x'"):
        read_review(file)
    file.write_text("sample_id,corrected\nx,a\ny,b\nz,\n")
    with pytest.raises(DataError, match="Received: 'x', and 1 more"):
        with_corrections(predictions(), read_review(file))
