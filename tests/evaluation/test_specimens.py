"""What is said of a specimen besides its count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cellclf.errors import DataError
from cellclf.evaluation.differential import Correction, Question, cells_to_settle
from cellclf.evaluation.proportions import clopper_pearson
from cellclf.evaluation.reference import ReferenceRanges
from cellclf.evaluation.specimens import (
    FOLDER,
    Asked,
    Specimen,
    refused_beyond,
    specimens_of,
    told_apart,
)

CLASSES = ("neu", "eos")
USUAL = ReferenceRanges(source="ours", ranges={"eos": (0.01, 0.06)})
TAKES_ONE_IN_TEN_FOR_EOS = np.array([[900, 100, 0], [2, 98, 0]])


def specimen(
    neu: int,
    eos: int,
    unidentified: int = 0,
    *,
    confusion: object = None,
    share: float = 0.05,
) -> Specimen:
    answers = ["neu"] * neu + ["eos"] * eos + ["unidentified"] * unidentified
    table = pd.DataFrame({"path": [f"{row}.png" for row in range(len(answers))]})
    (found,) = specimens_of(
        table.assign(predicted=answers),
        pd.Series("slide", index=table.index),
        CLASSES,
        Asked(
            questions=(Question(class_name="eos", share=share),),
            reference=USUAL,
            confusion=None if confusion is None else np.array(confusion),
        ),
    )
    return found


def test_a_share_that_is_all_confusion_is_neither_above_its_range_nor_above_what_is_asked() -> None:
    raw = specimen(355, 45)
    assert raw.table["against_usual"].tolist() == ["", "above"]
    assert raw.answers == ("eos above 5 %? Yes.",)
    corrected = specimen(355, 45, confusion=TAKES_ONE_IN_TEN_FOR_EOS)
    assert corrected.table["corrected_high"][1] < 0.06
    assert corrected.table["against_usual"].tolist() == ["", "open"]
    assert corrected.answers == (
        "eos above 5 %? Not settled: it would be, were the share not corrected.",
    )


def test_corrected_shares_answer_where_there_are_any() -> None:
    corrected = specimen(355, 45, confusion=TAKES_ONE_IN_TEN_FOR_EOS, share=0.08)
    assert corrected.answers == ("eos above 8 %? No, by the corrected share.",)
    many = specimen(200, 200, confusion=TAKES_ONE_IN_TEN_FOR_EOS)
    assert many.answers == ("eos above 5 %? Yes, by the corrected share.",)
    assert many.table["against_usual"][1] == "above"


@pytest.mark.parametrize("confusion", [None, TAKES_ONE_IN_TEN_FOR_EOS])
def test_of_unidentified_cells_alone_nothing_is_answered(confusion: object) -> None:
    found = specimen(0, 0, 7, confusion=confusion)
    assert found.answers == ("eos above 5 %? Not settled: no cell was counted.",)
    assert found.table["against_usual"].tolist() == ["", ""]


def test_folders_of_windows_are_told_apart_on_any_system() -> None:
    table = pd.DataFrame({"path": ["s\\A\\1.png", "s\\B\\1.png", "s/C/1\\2.png", "1.png"]})
    assert told_apart(table, FOLDER).tolist() == ["s\\A", "s\\B", "s/C", "."]


def test_folders_of_addresses_keep_their_slashes() -> None:
    table = pd.DataFrame({"path": ["s3://cells/A/1.png", "memory:///B/1.png"]})
    assert told_apart(table, FOLDER).tolist() == ["s3://cells/A", "memory:///B"]


@pytest.mark.parametrize("by", ["", "x*", "group", "predicted", "review", "p_neu"])
def test_what_tells_nothing_apart_is_refused(by: str) -> None:
    columns = {"path": ["a.png"], "group": [""], "predicted": ["neu"], "review": [""], "p_neu": [1]}
    with pytest.raises(DataError, match="must be told apart by"):
        told_apart(pd.DataFrame(columns), by)


def cells(**columns: list[str]) -> pd.DataFrame:
    """Seven cells of three slides, in no order; of B a reviewer has looked at two."""
    table = pd.DataFrame(
        {
            "path": [f"{slide}/{row}.png" for row, slide in enumerate("BACBABB")],
            "predicted": ["neu", "neu", "unidentified", "eos", "eos", "neu", "unidentified"],
            "review": [True, True, False, False, False, True, True],
            "corrected": ["eos", "", "", "", "", "unidentified", ""],
        }
    )
    return table.assign(**columns)


def counted(table: pd.DataFrame, asked: Asked | None = None) -> dict[str, Specimen]:
    names = table["path"].str[0]
    return {one.name: one for one in specimens_of(table, names, CLASSES, asked or Asked())}


def test_each_specimen_has_its_own_cells_in_the_order_of_their_names() -> None:
    found = counted(cells())
    assert list(found) == ["A", "B", "C"]
    assert {name: one.table["cells"].tolist() for name, one in found.items()} == {
        "A": [1, 1],
        "B": [0, 2],
        "C": [0, 0],
    }
    assert {name: one.identified for name, one in found.items()} == {"A": 2, "B": 2, "C": 0}
    assert {name: one.unidentified for name, one in found.items()} == {"A": 0, "B": 2, "C": 1}
    wanted = clopper_pearson(1, 2)
    assert tuple(found["A"].table.loc[0, ["low", "high"]]) == pytest.approx(wanted)


def test_cells_that_nobody_has_looked_at_are_listed_and_those_that_one_has_are_counted() -> None:
    found = counted(cells())
    assert {name: one.review for name, one in found.items()} == {
        "A": ("A/1.png",),
        "B": ("B/6.png",),
        "C": ("C/2.png",),
    }
    assert {name: one.reviewed for name, one in found.items()} == {"A": 0, "B": 2, "C": 0}


@pytest.mark.parametrize("refusing", [True, False])
def test_shares_are_corrected_where_no_reviewer_was(refusing: bool) -> None:
    confusion = np.array([[30, 5, 4], [2, 20, 1]])
    confusion = confusion if refusing else confusion[:, :2]
    found = counted(cells(), Asked(confusion=confusion, seed=7))
    assert {name: one.corrected for name, one in found.items()} == {
        "A": True,
        "B": False,
        "C": True,
    }
    same = Correction.of(confusion, seed=7)
    for name, answers in {"A": [1, 1, 0], "C": [0, 0, 1]}.items():
        wanted = same.shares(answers if refusing else answers[:2])
        columns = ["corrected", "corrected_low", "corrected_high"]
        np.testing.assert_array_equal(found[name].table[columns].to_numpy().T, wanted)
    other = counted(cells(), Asked(confusion=confusion, seed=8))["A"].table["corrected_high"]
    assert (other != found["A"].table["corrected_high"]).any()


def test_ranges_stand_beside_the_shares_that_they_are_held_against() -> None:
    table = specimen(200, 200).table
    assert table["usual_low"].tolist() == pytest.approx([np.nan, 0.01], nan_ok=True)
    assert table["usual_high"].tolist() == pytest.approx([np.nan, 0.06], nan_ok=True)
    assert "usual_low" not in counted(cells())["A"].table


@pytest.mark.parametrize(("eos", "said"), [(0, "No."), (60, "Yes.")])
def test_a_question_is_answered_by_the_interval(eos: int, said: str) -> None:
    assert specimen(400 - eos, eos).answers == (f"eos above 5 %? {said}",)


def test_what_is_not_settled_says_how_many_more_cells_would_do() -> None:
    more = cells_to_settle(7, 100, 0.05)
    assert more == 443
    assert specimen(93, 7).answers == (
        "eos above 5 %? Not settled: about 443 more cells would settle the share, if it stays as "
        "it is.",
    )
    sure = np.array([[900, 0, 0], [0, 900, 0]])
    assert (
        specimen(93, 7, confusion=sure)
        .answers[0]
        .endswith("443 more cells would settle the uncorrected share, if it stays as it is.")
    )
    assert specimen(95, 5).answers == (
        "eos above 5 %? Not settled, and no reasonable number of cells would settle the share.",
    )


def test_questions_and_ranges_are_read_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "usual.toml").write_text('source = "ours"\n[ranges]\neos = [1, 6]\n')
    asked = Asked.parsed(["eos > 5 %", "neu > 80 %"], str(tmp_path / "usual.toml"))
    assert asked.questions == (
        Question(class_name="eos", share=0.05),
        Question(class_name="neu", share=0.8),
    )
    assert asked.reference == USUAL
    assert Asked.parsed([], None) == Asked()
    asked.require(CLASSES)
    with pytest.raises(DataError, match=r"one of neu, eo\. Received: 'eos'\. Did you mean 'eo'\?"):
        asked.require(["neu", "eo"])
    with pytest.raises(DataError, match="a reference range must be about one of"):
        Asked(reference=USUAL).require(["neu"])


def test_a_specimen_of_which_too_many_cells_are_refused_is_named() -> None:
    many, few, nameless = specimen(20, 0, 20), specimen(95, 0, 5), specimen(2, 0, 30)
    nameless = replace(nameless, name="")
    found = refused_beyond([many, few, nameless], {"outlier_share": 0.05})
    assert [one.partition(" are none")[0] for one in found] == [
        "Unidentified: 20 of 40 cells of slide",
        "Unidentified: 30 of 32 cells of the specimen without a name",
    ]
    assert refused_beyond([many], {}) == ()


def test_among_many_specimens_more_must_be_refused_for_one_to_stand_out() -> None:
    # Of 40 cells, six or more are refused by chance once in 72 times, seven in 295: exactly.
    one = specimen(33, 0, 7)
    assert stats.binom.sf(6, 40, 0.05) == pytest.approx(1 / 295, rel=0.02)
    assert len(refused_beyond([one], {"outlier_share": 0.05})) == 1
    assert refused_beyond([one] * 3, {"outlier_share": 0.05}) == ()


PLACES = pd.DataFrame(
    {
        "path": ["s1/f2_a.png", "s1/f3.png", "s4/f3_b.png"],
        "patient": ["7", None, "Smith"],
        "number": [1, 2, 1],
    },
    index=[5, 3, 9],
)


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ("folder", ["s1", "s1", "s4"]),
        ("patient", ["7", "", "Smith"]),
        ("number", ["1", "2", "1"]),
        (r"f\d", ["f2", "f3", "f3"]),
        (r"s(\d)/f(\d)", ["1", "1", "4"]),
        (r"f\d(_.)?", ["_a", "", "_b"]),
    ],
)
def test_specimens_are_told_apart_by_folder_by_column_or_by_what_is_found_in_a_path(
    by: str, wanted: list[str]
) -> None:
    found = told_apart(PLACES, by)
    assert found.tolist() == wanted
    assert found.index.tolist() == [5, 3, 9]
    assert told_apart(PLACES[:0], by).tolist() == []


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("_.", r"It is not in 's1/f3\.png'\."),
        ("patent", r"It is not in 's1/f2_a\.png'\. Did you mean 'patient'\?"),
        ("(", r"\(path, patient, number\) .* Received: '\(', which is none"),
        ("x?", "finds an empty text in every path"),
    ],
)
def test_a_pattern_that_is_not_found_says_where(by: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        told_apart(PLACES, by)


def test_a_column_that_says_nothing_is_named() -> None:
    with pytest.raises(DataError, match=r"Received: 'patient', and 'patient' is empty in every"):
        told_apart(PLACES.assign(patient=[None, " ", ""]), "patient")
    with pytest.raises(DataError, match=r"no answer\. Received: the column 'why'"):
        told_apart(PLACES.assign(why="unsure"), "why")
