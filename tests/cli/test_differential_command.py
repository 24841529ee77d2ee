"""`cellclf differential`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellclf.evaluation.drift import Departure, Drift
from cellclf.evaluation.prediction_files import Sidecar, write_csv
from cellclf.evaluation.predictions import predictions_table
from tests.conftest import Command

CLASSES = ("eosinophil", "neutrophil")


def counted_cells(folder: Path, *, sidecar: bool = True, review: bool = False) -> pd.DataFrame:
    """Two specimens: 20 cells of which 2 are eosinophils, and 40 of which 30 are."""
    eosinophil = [True] * 2 + [False] * 18 + [True] * 30 + [False] * 10
    paths = [
        f"slides/{'A' if n < 20 else 'B'}/patient{7 if n < 20 else 8}_{n}.png" for n in range(60)
    ]
    first = np.where(eosinophil, 0.9, 0.1)
    table = predictions_table(
        sample_ids=paths,
        paths=paths,
        probabilities=np.stack([first, 1 - first], axis=1),
        classes=CLASSES,
    )
    if review:
        table["review"] = pd.Series([n == 5 for n in range(60)], dtype="boolean")
        table.loc[19, "predicted"] = "unidentified"
    write_csv(table, folder / "cells.csv")
    if sidecar:
        beside = Sidecar(classes=CLASSES, confusion_counts=((90, 10), (20, 80)), calibrated=review)
        (folder / "cells.json").write_text(beside.model_dump_json())
    return table


def test_each_folder_is_a_specimen_and_its_shares_are_corrected(
    tmp_path: Path, cellclf_command: Command
) -> None:
    counted_cells(tmp_path)
    done = cellclf_command("differential", "cells.csv", "--csv", "counts.csv")
    assert "slides/A: 20 cells" in done.stdout
    assert "slides/B: 40 cells" in done.stdout
    assert "Corrected shares assume" in done.stdout
    assert "Not for clinical use" in done.stdout
    table = pd.read_csv(tmp_path / "counts.csv")
    assert table["cells"].tolist() == [2, 18, 30, 10]
    assert table.groupby("specimen")["share"].sum().tolist() == pytest.approx([1, 1])
    assert table.groupby("specimen")["corrected"].sum().tolist() == pytest.approx([1, 1], abs=1e-6)


def test_a_program_is_told_the_same_and_files_are_named_beside_it(
    tmp_path: Path, cellclf_command: Command
) -> None:
    counted_cells(tmp_path)
    done = cellclf_command("differential", "cells.csv", "--csv", "counts.csv", "--json")
    assert done.stderr == "Written: counts.csv\n"
    specimens = json.loads(done.stdout)["specimens"]
    assert [(one["name"], one["cells"]) for one in specimens] == [
        ("slides/A", 20),
        ("slides/B", 40),
    ]
    table = pd.read_csv(tmp_path / "counts.csv")
    told = [row["corrected"] for one in specimens for row in one["classes"]]
    assert told == pytest.approx(table["corrected"].tolist())


def test_what_needs_a_person_comes_first(tmp_path: Path, cellclf_command: Command) -> None:
    counted_cells(tmp_path, review=True)
    said = cellclf_command("differential", "cells.csv").stdout.splitlines()
    assert said[0].startswith("Drift: not known.")
    assert said[2] == "slides/A: 20 cells"
    assert "1 are none of the classes" in said[3]
    assert "2 for review: slides/A/patient7_5.png, slides/A/patient7_19.png" in said[4]


def test_of_a_model_that_is_not_calibrated_all_answers_are_for_review(
    tmp_path: Path, cellclf_command: Command
) -> None:
    counted_cells(tmp_path)
    said = cellclf_command("differential", "cells.csv").stdout.splitlines()
    assert said[1].startswith("Not calibrated: ")
    assert said[3] == "slides/A: 20 cells"
    assert "20 for review: " in said[4]
    # The sidecar says it also where a table has lost the column.
    pd.read_csv(tmp_path / "cells.csv").drop(columns="review").to_csv(tmp_path / "cells.csv")
    assert "\nNot calibrated: " in cellclf_command("differential", "cells.csv").stdout


def test_what_the_sidecar_says_of_the_model_and_the_images_is_said_first(
    tmp_path: Path, cellclf_command: Command
) -> None:
    counted_cells(tmp_path, review=True)
    departure = Departure(measure="background_l", side="lower", share=1.0, at_least=0.9, by=7.0)
    beside = Sidecar(
        classes=CLASSES,
        leaky=True,
        synthetic=True,
        calibrated=True,
        drift=Drift(images=60, departures=(departure,)),
    )
    (tmp_path / "cells.json").write_text(beside.model_dump_json())
    said = cellclf_command("differential", "cells.csv").stdout
    first = said.partition("slides/A: 20 cells")[0]
    assert first.startswith("Drift: these images look unlike those")
    assert departure.sentence() in first
    assert "Leaky: " in first
    assert "Synthetic: " in first
    assert "ot calibrated" not in said


@pytest.mark.parametrize("by", ["patient\\d", "(patient\\d)", "who"])
def test_specimens_are_told_apart_by_a_pattern_or_a_column(
    tmp_path: Path, cellclf_command: Command, by: str
) -> None:
    table = counted_cells(tmp_path, sidecar=False)
    with_column = table.assign(who=["patient7"] * 20 + ["patient8"] * 40)
    with_column.to_csv(tmp_path / "cells.csv", index=False)
    said = cellclf_command("differential", "cells.csv", "--by", by).stdout
    assert "patient7: 20 cells" in said
    assert "patient8: 40 cells" in said
    assert "Corrected" not in said


def test_a_reviewers_corrections_are_counted_and_not_corrected_again(
    tmp_path: Path, cellclf_command: Command
) -> None:
    table = counted_cells(tmp_path, review=True)
    corrected = ["eosinophil" if n in (5, 19) else "" for n in range(60)]
    table.assign(corrected=corrected).to_csv(tmp_path / "cells.csv", index=False)
    done = cellclf_command("differential", "cells.csv", "--csv", "counts.csv")
    assert "2 answers are of a reviewer." in done.stdout
    assert "Shares of slides/A are not corrected for what the model confuses" in done.stdout
    assert "a reviewer gave 2 of its answers." in done.stdout
    assert "for review" not in done.stdout
    table = pd.read_csv(tmp_path / "counts.csv")
    assert table["cells"].tolist()[:2] == [4, 16]
    # The other specimen, of which the reviewer gave nothing, is corrected as before.
    assert table["corrected"].isna().tolist() == [True, True, False, False]
    assert "Corrected shares assume" in done.stdout


def test_one_answer_of_a_reviewer_is_one(tmp_path: Path, cellclf_command: Command) -> None:
    table = counted_cells(tmp_path)
    one = table.assign(corrected=["eosinophil", *[""] * 59])
    one.to_csv(tmp_path / "cells.csv", index=False)
    assert "1 answer is of a reviewer." in cellclf_command("differential", "cells.csv").stdout


def test_without_a_sidecar_it_is_said_that_nothing_is_corrected(
    tmp_path: Path, cellclf_command: Command
) -> None:
    counted_cells(tmp_path, sidecar=False)
    said = "Not corrected for what the model confuses: there is no cells.json beside cells.csv."
    assert said in cellclf_command("differential", "cells.csv").stdout
    assert "Not corrected" not in cellclf_command("differential", "cells.csv", "--raw").stdout


def test_what_is_not_counted_is_in_the_file_of_counts_too(
    tmp_path: Path, cellclf_command: Command
) -> None:
    counted_cells(tmp_path, review=True)
    cellclf_command("differential", "cells.csv", "--csv", "counts.csv")
    table = pd.read_csv(tmp_path / "counts.csv")
    assert table["unidentified"].tolist() == [1, 1, 0, 0]
    assert table["for_review"].tolist() == [2, 2, 0, 0]


def test_a_specimen_of_another_kind_is_said_to_be_one(
    tmp_path: Path, cellclf_command: Command
) -> None:
    table = counted_cells(tmp_path, review=True)
    table.loc[:19, "predicted"] = "unidentified"
    write_csv(table, tmp_path / "cells.csv")
    beside = Sidecar(classes=CLASSES, calibrated=True, thresholds={"outlier_share": 0.05})
    (tmp_path / "cells.json").write_text(beside.model_dump_json())
    said = cellclf_command("differential", "cells.csv").stdout
    assert "20 of 20 cells of slides/A are none of the classes" in said
    assert "Another kind of image?" in said
    assert "cells of slides/B are none" not in said
    assert said.count("95 % interval") == 1


def test_counts_of_another_program_have_a_page_too(
    tmp_path: Path, cellclf_command: Command
) -> None:
    (tmp_path / "cells.csv").write_text("path,predicted\na/1.png,eos\na/2.png,unidentified\n")
    done = cellclf_command("differential", "cells.csv", "--report", "counts.html")
    assert "Written: counts.html" in done.stdout
    text = (tmp_path / "counts.html").read_text()
    assert "2 images, 1 specimen" in text
    assert "there is no cells.json beside cells.csv" in text
    assert "nan" not in text


def test_a_question_is_answered_or_said_to_need_more_cells(
    tmp_path: Path, cellclf_command: Command
) -> None:
    counted_cells(tmp_path)
    question = ("--question", "eosinophil > 5 %")
    said = cellclf_command("differential", "cells.csv", *question).stdout
    assert "eosinophil above 5 %? Not settled: about " in said
    assert "more cells would settle the uncorrected share" in said
    assert "eosinophil above 5 %? Yes, by the corrected share." in said
    raw = cellclf_command("differential", "cells.csv", *question, "--raw").stdout
    assert "more cells would settle the share, if" in raw
    assert "Corrected" not in raw
    assert "eosinophil above 5 %? Yes." in raw


def test_it_is_said_that_corrected_shares_are_held_against_ranges(
    tmp_path: Path, cellclf_command: Command
) -> None:
    counted_cells(tmp_path)
    (tmp_path / "usual.toml").write_text('source = "Ours"\n[ranges]\neosinophil = [1, 6]\n')
    command = ("differential", "cells.csv", "--reference", "usual.toml")
    held = "Usual ranges: Ours. Corrected shares are held against them."
    assert held in cellclf_command(*command).stdout
    assert "are held against" not in cellclf_command(*command, "--raw").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.csv"], "no such file"),
        (["cells.csv", "--by", "patient(\\d"], "which is none"),
        (["cells.csv", "--by", "wha"], "must be found in every path"),
        (["cells.csv", "--question", "eosinophils > 5 %"], "Did you mean 'eosinophil'?"),
        (["cells.csv", "--question", "eosinophil"], "must look like"),
        (["cells.csv", "--csv", "./cells.csv"], "--csv would overwrite cells.csv"),
        (["cells.csv", "--csv", "cells.json"], "which is read"),
        (["cells.csv", "--review", "other.csv", "--csv", "other.csv"], "which is read"),
        (["torn.csv"], "more cells than the 2 columns"),
        (["other.csv"], "the columns 'path' and 'predicted'"),
        (["listed.csv"], "listed.csv is a review list"),
        (["cells.csv", "--csv", "counts.xlsx"], "--csv must name a .csv file"),
        (["cells.csv", "--by", ""], "must be told apart"),
        (["cells.csv", "--by", "group"], "'group' is empty in every row"),
        (["cells.csv", "--by", "predicted"], "no answer"),
        (["cells.csv", "--by", "review"], "no answer"),
    ],
)
def test_a_mistake_is_one_message(
    tmp_path: Path, cellclf_command: Command, arguments: list[str], said: str
) -> None:
    counted_cells(tmp_path)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "listed.csv").write_text(
        "sample_id,path,specimen,why,predicted\na/1.png,a/1.png,a,unsure,neutrophil\n"
    )
    (tmp_path / "torn.csv").write_text("path,predicted\na/1.png,eos,\na/2.png,neu,\n")
    done = cellclf_command("differential", *arguments, check=False)
    assert done.returncode == 1
    assert said in done.stderr


def test_a_reviewers_slip_of_the_pen_is_no_new_class(
    tmp_path: Path, cellclf_command: Command
) -> None:
    counted_cells(tmp_path, sidecar=False)
    (tmp_path / "review.csv").write_text(
        "sample_id,corrected\nslides/A/patient7_5.png,neutrophill\n"
        "slides/A/patient7_6.png,Neutrophil\nslides/A/patient7_7.png,eosino\n"
    )
    done = cellclf_command("differential", "cells.csv", "--review", "review.csv", check=False)
    assert done.returncode == 1
    assert "review.csv must be one of eosinophil, neutrophil, or 'unidentified'" in done.stderr
    assert "slides/A/patient7_5.png: 'neutrophill'. Did you mean 'neutrophil'?" in done.stderr
    assert "slides/A/patient7_7.png: 'eosino'. Did you mean 'eosinophil'?" in done.stderr
    assert "patient7_6" not in done.stderr


def test_a_reviewer_may_write_a_class_in_capitals(tmp_path: Path, cellclf_command: Command) -> None:
    counted_cells(tmp_path, sidecar=False)
    (tmp_path / "review.csv").write_text(
        "sample_id,corrected\nslides/A/patient7_5.png,Eosinophil\n"
        "slides/A/patient7_6.png,UNIDENTIFIED\n"
    )
    command = ("differential", "cells.csv", "--review", "review.csv", "--csv", "counts.csv")
    assert "1 are none of the classes" in cellclf_command(*command).stdout
    assert pd.read_csv(tmp_path / "counts.csv")["cells"].tolist()[:2] == [3, 16]


def test_a_row_without_an_answer_is_refused_until_a_reviewer_gives_one(
    tmp_path: Path, cellclf_command: Command
) -> None:
    (tmp_path / "cells.csv").write_text("path,predicted\na/1.png,eos\na/2.png,\n")
    done = cellclf_command("differential", "cells.csv", check=False)
    assert done.returncode == 1
    assert "must have an answer" in done.stderr
    assert "none for 1, such as 'a/2.png'" in done.stderr
    (tmp_path / "review.csv").write_text("sample_id,corrected\na/2.png,neu\n")
    said = cellclf_command("differential", "cells.csv", "--review", "review.csv").stdout
    assert "a: 2 cells" in said
    assert "eos     1" in said
    assert "neu     1" in said
