"""The review list."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cellclf.errors import DataError, RunError
from cellclf.evaluation.prediction_files import write_csv
from cellclf.evaluation.predictions import predictions_table
from cellclf.evaluation.review import (
    read_review,
    reasons_to_review,
    require_uncorrected,
    review_list,
    says_what_to_review,
    spelt,
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


def test_a_list_with_answers_of_a_person_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "review.csv"
    write_review(listed(predictions()), file)
    write_review(listed(predictions()), file)  # nobody has filled it in
    write_review(listed(predictions()).assign(corrected=["round", " "]), file)
    before = file.read_bytes()
    with pytest.raises(RunError, match=r"review\.csv has an answer of a person in 1 rows"):
        write_review(listed(predictions()), file)
    assert file.read_bytes() == before


def test_a_file_that_may_hold_answers_and_cannot_be_read_is_not_overwritten(
    tmp_path: Path,
) -> None:
    file = tmp_path / "review.csv"
    file.write_bytes(b"sample_id,corrected\n\xff\xfe\x00,round\n")
    with pytest.raises(RunError, match=r"review\.csv is there and cannot be read.* \(.+\): give"):
        require_uncorrected(file)
    file.write_text("sample_id,sample_id\na,b\n")
    with pytest.raises(RunError, match="cannot be read"):
        require_uncorrected(file)


def test_files_that_hold_no_answers_may_be_overwritten(tmp_path: Path) -> None:
    require_uncorrected(tmp_path / "none.csv")
    require_uncorrected(tmp_path)
    file = tmp_path / "file.csv"
    for content in ("", "a,b\n1,2\n", "sample_id,corrected\na,\nb, \n"):
        file.write_text(content)
        require_uncorrected(file)


def test_a_file_of_predictions_is_not_read_to_its_end_before_it_is_overwritten(
    tmp_path: Path,
) -> None:
    file = tmp_path / "predictions.csv"
    write_csv(predictions(), file)
    with file.open("ab") as end:
        end.write(b"\xff no row at all\n")
    require_uncorrected(file)
    # One to which a person added a column is.
    predictions().assign(corrected=["", "long", "", "round"]).to_csv(file, index=False)
    with pytest.raises(RunError, match="in 2 rows"):
        require_uncorrected(file)


def test_addresses_and_images_elsewhere_keep_their_place(tmp_path: Path) -> None:
    paths = ["s3://cells/1.png", "/elsewhere/2.png", f"{tmp_path}/in/3.png"]
    table = listed(predictions([True, True, True, False])).assign(path=paths)
    write_review(table, tmp_path / "review.csv")
    assert read_texts(tmp_path / "review.csv")["path"].tolist() == [*paths[:2], "in/3.png"]
    assert read_texts(tmp_path / "review.csv")["why"].tolist() == table["why"].tolist()


def answers(*corrected: str, by: str = "sample_id") -> pd.DataFrame:
    rows = range(3, 3 + len(corrected))
    names = [f"{row}.png" for row in rows]
    return pd.DataFrame({by: names, "corrected": corrected}, index=rows)


@pytest.mark.parametrize("by", ["sample_id", "path"])
def test_answers_are_spelt_as_the_model_spells_its_classes(by: str) -> None:
    given = answers("ROUND", "long", " Unidentified ", "", "straße", by=by)
    found = spelt(given, ("Round", "long", "STRASSE"), Path("review.csv"))
    assert found["corrected"].tolist() == ["Round", "long", "unidentified", "", "STRASSE"]
    assert found.index.tolist() == given.index.tolist()
    assert found[by].tolist() == given[by].tolist()


@pytest.mark.parametrize("by", ["sample_id", "path"])
def test_answers_that_are_no_class_are_all_named(by: str) -> None:
    # Two classes differ in nothing but capitals: neither is meant by a third spelling.
    assert spelt(answers("ig", "IG"), ("ig", "IG"), Path("r.csv"))["corrected"].tolist() == [
        "ig",
        "IG",
    ]
    with pytest.raises(DataError) as refused:
        spelt(answers("Ig", "ig", "lonk", "x", by=by), ("ig", "IG", "long"), Path("r.csv"))
    said, *named = str(refused.value).splitlines()
    assert said.startswith("every answer in 'corrected' of r.csv must be one of ig, IG, long, or")
    assert [one.split(":")[0].strip() for one in named] == ["3.png", "5.png", "6.png"]
    assert named[1].endswith("'lonk'. Did you mean 'long'?")
    assert named[2].endswith("'x'.")


@pytest.mark.parametrize(("wrong", "shown", "more"), [(20, 20, ""), (21, 20, "and 1 more")])
def test_of_very_many_wrong_answers_some_are_named(wrong: int, shown: int, more: str) -> None:
    with pytest.raises(DataError) as refused:
        spelt(answers(*["wrong"] * wrong), ("round", "long"), Path("r.csv"))
    named = str(refused.value).splitlines()[1:]
    assert sum("'wrong'" in one for one in named) == shown
    assert "".join(one.strip() for one in named if "'wrong'" not in one) == more


def test_corrections_are_put_to_rows_by_path_where_there_is_no_id() -> None:
    table = predictions().drop(columns="sample_id").set_index(pd.Index([4, 2, 8, 6]))
    review = pd.DataFrame({"sample_id": ["b/4.png"], "corrected": ["round"]})
    merged = with_corrections(table, review)
    assert merged["corrected"].tolist() == ["", "", "", "round"]
    assert merged.index.tolist() == [4, 2, 8, 6]
    # Of no cells, the column is one of text all the same.
    assert with_corrections(table[:0], review[:0])["corrected"].dtype == table["path"].dtype
    one = pd.DataFrame({"sample_id": ["z"], "corrected": ["round"]})
    with pytest.raises(DataError, match=r"Received: 'z'$"):
        with_corrections(table, one)


def test_a_file_that_is_no_table_is_no_review_list(tmp_path: Path) -> None:
    (tmp_path / "review.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"review\.csv cannot be read as a table: "):
        read_review(tmp_path / "review.csv")
    (tmp_path / "review.csv").write_text("sample_id,why\na,unsure\n")
    with pytest.raises(DataError, match=r"Received: sample_id, why, in .*review\.csv$"):
        read_review(tmp_path / "review.csv")


def test_a_list_of_cells_keeps_every_column_and_starts_its_rows_anew() -> None:
    found = listed(predictions().set_index(pd.Index([7, 5, 3, 1])))
    assert list(found.columns) == [
        "sample_id", "path", "specimen", "why", "predicted", "top_class", "confidence",
        "outlier_score", "corrected",
    ]  # fmt: skip
    assert found.index.tolist() == [0, 1]
    assert found["sample_id"].tolist() == ["b/=3.png", "a/2.png"]
    assert found["confidence"].tolist() == pytest.approx([0.55, 0.6])
    assert found["predicted"].tolist() == ["long", "round"]
    assert found["outlier_score"].isna().all()
