"""What is said of a specimen besides its count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cellclf.errors import DataError
from cellclf.evaluation.differential import Question
from cellclf.evaluation.reference import ReferenceRanges
from cellclf.evaluation.specimens import FOLDER, Asked, Specimen, specimens_of, told_apart

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
