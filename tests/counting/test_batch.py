"""New images from prediction to a page, a review list, and back into training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cellclf
from cellclf.errors import DataError, RunError
from cellclf.evaluation.prediction_files import read_sidecar
from cellclf.evaluation.predictions import UNIDENTIFIED
from cellclf.inference.classified import Classified
from cellclf.pipeline.finished import FinishedRun
from cellclf.pipeline.run import run
from cellclf.spreadsheets import read_texts, write_table
from tests.conftest import Command
from tests.images import write_folder
from tests.reporting.pages import Page
from tests.tiny_run import EXPERIMENT, finished_run

CLASSES = ("lymphocyte", "monocyte")
NOT_DECIDED = pd.Series(pd.NA, index=range(50), dtype="boolean")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """A run whose calibration part is large enough, so that it has a threshold for review."""
    place = tmp_path_factory.mktemp("finished")
    return finished_run(
        place, dict.fromkeys(CLASSES, 300), training={"epochs": 2, "batch_size": 16}
    )


@pytest.fixture(autouse=True)
def _slides(tmp_path: Path, tiny_net: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "slides", {"A": 30, "B": 20})


@pytest.fixture
def classified(finished: FinishedRun) -> Classified:
    """Fifty cells, of which two are none of the classes and some unsure, whatever was learned."""
    found = finished.load().classify("slides")
    table = found.table.assign(
        predicted=found.table["top_class"],
        review=pd.Series([row % 5 == 0 for row in range(50)], dtype="boolean"),
    )
    table.loc[[0, 31], "predicted"] = UNIDENTIFIED
    return Classified(
        table=table, unreadable=found.unreadable, sidecar=found.sidecar, drift=found.drift
    )


def test_a_run_keeps_what_its_training_images_look_like(finished: FinishedRun) -> None:
    usual = finished.load().usual
    assert usual is not None
    assert usual.bands.shape[0] == len(CLASSES) + 1
    lightness = usual.bands[:, 0, 1]
    # Images of the first class are dark and those of the second light; all lie between.
    assert lightness[0] < lightness[-1] < lightness[1]


def test_images_like_those_of_training_are_no_drift_and_dark_ones_are(
    finished: FinishedRun, tmp_path: Path
) -> None:
    import cv2

    classifier = finished.load()
    like = classifier.classify("slides")
    assert like.drift is not None
    assert like.drift.departures == ()
    for number in range(20):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((20, 20, 3), number, np.uint8))
    dark = classifier.classify(sorted(tmp_path.glob("*.png")))
    assert dark.drift is not None
    said = {(one.measure, one.side) for one in dark.drift.departures}
    assert {("background_l", "lower"), ("sharpness", "lower")} <= said


def test_the_page_has_what_needs_a_person_and_the_list_has_all_of_it(
    classified: Classified,
) -> None:
    found = cellclf.batch_report(
        classified, page="new.html", review="review.csv", questions=["monocyte > 5 %"]
    )
    assert [one.name for one in found.specimens] == ["slides/A", "slides/B"]
    page = Page(Path("new.html").read_text(encoding="utf-8"))
    listed = read_texts(Path("review.csv"))
    assert len(page.attributes("img")) == len(listed) == 11
    assert listed["predicted"].tolist()[:2] == [UNIDENTIFIED] * 2
    assert "monocyte above 5 %?" in page.text
    assert "Unidentified2" in page.text
    assert "Not for clinical use" in page.text
    assert all(Path(path).is_file() for path in listed["path"])


def test_what_must_be_known_of_the_model_is_on_the_page_and_in_the_counts(
    classified: Classified,
) -> None:
    known = replace(classified, leaky=True, synthetic=True, trained=("slides/A/0.png",))
    known = replace(known, table=classified.table.assign(review=NOT_DECIDED))
    found = cellclf.batch_report(known, page="new.html")
    text = Page(Path("new.html").read_text(encoding="utf-8")).text
    for said in ("Trained on: 1 of these", "Leaky: ", "Synthetic: "):
        assert said in text
        assert said in found.summary()
    assert "not calibrated" in text
    assert found.summary().count("Not calibrated: ") == 1
    assert sum(len(one.review) for one in found.specimens) == 50


def test_a_batch_is_corrected_or_not_as_its_file_is(classified: Classified) -> None:
    classified.write_csv(Path("cells.csv"))
    for choices in ({}, {"correct": False}, {"seed": 7}):
        batch = cellclf.batch_report(classified, **choices)
        pd.testing.assert_frame_equal(
            batch.table, cellclf.differential("cells.csv", **choices).table
        )
    assert not cellclf.batch_report(classified, correct=False).corrected


def test_a_review_is_counted_and_goes_back_into_training(classified: Classified) -> None:
    classified.write_csv(Path("cells.csv"))
    cellclf.batch_report(classified, review="review.csv")
    before = cellclf.differential("cells.csv")
    assert before.corrected
    assert sum(one.unidentified for one in before.specimens) == 2
    assert sum(len(one.review) for one in before.specimens) == 11

    # A reviewer looks at all but one; of those that are none of the classes, that of slide A is a
    # monocyte after all.
    listed = read_texts(Path("review.csv"))
    refused = ["lymphocyte", "monocyte"]
    if listed["specimen"][0] == "slides/A":
        refused.reverse()
    listed["corrected"] = [*refused, *listed["top_class"][2:-1], ""]
    write_table(listed, Path("review.csv"))
    after = cellclf.differential("cells.csv", review="review.csv", page="counts.html")
    page = Page(Path("counts.html").read_text(encoding="utf-8"))
    assert "10 answers of a reviewer are counted in place of the model's." in page.text
    assert "Shares of slides/A are not corrected" in page.text
    assert "50 images, 2 specimens" in page.text
    assert len(page.attributes("img")) == 1
    assert after.reviewed == 10
    assert not after.corrected
    assert sum(one.unidentified for one in after.specimens) == 0
    assert [path for one in after.specimens for path in one.review] == [
        listed["sample_id"].iloc[-1]
    ]
    assert int(after.table["cells"].sum()) == 50
    was, now = (
        int(found.table.set_index(["specimen", "class"]).loc[("slides/A", "monocyte"), "cells"])
        for found in (before, after)
    )
    assert now == was + 1


def test_the_rows_that_were_looked_at_are_a_data_set(finished: FinishedRun) -> None:
    found = finished.load().classify("slides")
    table = found.table.assign(review=pd.Series([True] * 50, dtype="boolean"))
    cellclf.batch_report(
        Classified(table=table, unreadable={}, sidecar=found.sidecar), review="review.csv"
    )
    listed = read_texts(Path("review.csv"))
    listed["corrected"] = [
        "" if row > 40 else UNIDENTIFIED if row == 0 else CLASSES[specimen.endswith("B")]
        for row, specimen in enumerate(listed["specimen"])
    ]
    write_table(listed, Path("review.csv"))
    again = run(
        {
            **EXPERIMENT,
            "data": {
                "dataset": "csv",
                "path": "review.csv",
                "image_size": 16,
                "classes": {"leave_out": [UNIDENTIFIED]},
                "params": {"label_column": "corrected", "skip_unlabelled": True},
            },
        },
        out=Path("again"),
    )
    assert sum(sum(part.values()) for part in again.record["counts"].values()) == 40
    assert again.load().classes == CLASSES


def test_the_command_line_does_all_of_it(
    finished: FinishedRun, cellclf_command: Command, tmp_path: Path
) -> None:
    (tmp_path / "usual.toml").write_text('source = "Ours"\n[ranges]\nmonocyte = [2, 8]\n')
    (tmp_path / "slides" / "A" / "broken.png").write_bytes(b"")
    done = cellclf_command(
        *("predict", finished.path, "slides", "--out", "cells.csv", "--by", "slides/(.)"),
        *("--report", "new.html", "--review", "review.csv", "--reference", "usual.toml"),
        *("--question", "monocyte > 5 %"),
    )
    for name in ("cells.csv", "new.html", "review.csv"):
        assert f"Written: {name}" in done.stdout
    page = Page((tmp_path / "new.html").read_text(encoding="utf-8"))
    assert "50 images, 2 specimens" in page.text
    assert "Usual ranges: Ours." in page.text
    assert "slides/A/broken.png: the file is empty" in page.text
    assert read_sidecar(tmp_path / "cells").drift is not None
    counted = cellclf_command(
        *("differential", "cells.csv", "--review", "review.csv", "--reference", "usual.toml")
    )
    assert "Usual ranges: Ours." in counted.stdout
    assert "2.0 to 8.0\N{NO-BREAK SPACE}%" in counted.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--by", "patient(\\d"], "which is none"),
        (["--by", "patient(\\d)"], "must be found in every path"),
        (["--question", "monocyte"], "must look like"),
        (["--reference", "none.toml"], "cannot be read"),
        (["--question", "monocytes > 5 %"], "Did you mean 'monocyte'?"),
        (["--reference", "wrong.toml"], "must be about one of lymphocyte, monocyte"),
        (["--out", "x.csv", "--review", "x.csv"], "--out and --review must be different files"),
        (["--out", "slides/../new.html"], "--out and --report must be different files"),
        (["--out", "new.csv", "--review", "new.json"], "--review and the file beside --out must"),
        (["--out", "slides/A/000.png"], "--out would overwrite slides/A/000.png"),
        (
            ["--out", "new.xlsx"],
            "--out must name a .csv, .parquet or .jsonl file. Received: new.xlsx",
        ),
        (["--review", "list.txt"], "--review must name a .csv file"),
        (["--report", "new.csv"], "--report must name a .html file"),
        (["--review", "filled.csv"], "an answer of a person in 1 rows"),
        (["--out", "filled.csv"], "give another name"),
        (["--review", "damaged.csv"], "corrections in it might be lost"),
    ],
)
def test_a_mistake_is_said_before_any_image_is_read(
    finished: FinishedRun, cellclf_command: Command, arguments: list[str], said: str
) -> None:
    Path("wrong.toml").write_text('source = "Ours"\n[ranges]\nblast = [0, 1]\n')
    Path("filled.csv").write_text("sample_id,corrected\na,\nb,monocyte\n")
    Path("damaged.csv").write_text("sample_id,corrected\na,b,c\n")
    command = ("predict", finished.path, "slides", "--report", "new.html", *arguments)
    done = cellclf_command(*command, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Classifying" not in done.stderr
    assert not Path("x.csv").exists()
    assert not Path("new.html").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--question", "nothing"], "--question needs --report"),
        (["--reference", "none.toml", "--review", "review.csv"], "--reference needs --report"),
        (["--by", "("], "--by needs --report or --review"),
    ],
)
def test_what_nothing_would_answer_is_a_mistake_of_use(
    cellclf_command: Command, arguments: list[str], said: str
) -> None:
    done = cellclf_command("predict", "none", "slides", *arguments, check=False)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


def test_corrections_of_a_person_are_not_overwritten(classified: Classified) -> None:
    cellclf.batch_report(classified, review="review.csv")
    cellclf.batch_report(classified, review="review.csv")
    listed = read_texts(Path("review.csv"))
    write_table(listed.assign(corrected=["monocyte", *listed["corrected"][1:]]), Path("review.csv"))
    with pytest.raises(RunError, match=r"1 rows of 'corrected'.*give another name"):
        cellclf.batch_report(classified, review="review.csv")


def test_of_no_image_there_is_no_report(classified: Classified) -> None:
    nothing = Classified(table=classified.table.iloc[:0], unreadable={"a": "empty"})
    with pytest.raises(DataError, match="an image that can be read"):
        cellclf.batch_report(nothing, page="new.html")
