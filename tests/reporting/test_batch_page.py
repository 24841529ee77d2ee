"""The page of new images."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from cellclf.errors import RunError
from cellclf.evaluation.differential import Question
from cellclf.evaluation.drift import Departure, Drift
from cellclf.evaluation.prediction_files import Sidecar
from cellclf.evaluation.predictions import predictions_table
from cellclf.evaluation.reference import ReferenceRanges
from cellclf.evaluation.review import review_list
from cellclf.evaluation.specimens import Asked, specimens_of
from cellclf.reporting.batch_page import PICTURES_SHOWN, BatchPage, write_batch_page
from tests.data.image_files import noise
from tests.hostile_names import HOSTILE
from tests.reporting.pages import ATTACK, Page
from tests.reporting.test_hostile_names import harmless

CLASSES = ("eosinophil", "neutrophil")
DRIFT = Drift(
    images=60,
    departures=(
        Departure(measure="background_l", side="lower", share=0.98, at_least=0.9, by=7.04),
    ),
)


def batch(
    folder: Path,
    *,
    number: int = 60,
    classes: tuple[str, ...] = CLASSES,
    asked: Asked | None = None,
) -> BatchPage:
    """Images in two specimens, two of three unsure, and the first unidentified."""
    file = folder / "cell.png"
    cv2.imwrite(str(file), noise(24, 24, seed=1))
    first = np.linspace(0.05, 0.95, number)
    table = predictions_table(
        sample_ids=[str(row) for row in range(number)],
        paths=[str(file)] * number,
        probabilities=np.stack([first, 1 - first], axis=1),
        classes=classes,
    )
    table["review"] = pd.Series([row % 3 > 0 for row in range(number)], dtype="boolean")
    table.loc[0, "predicted"] = "unidentified"
    names = pd.Series(["slide A" if row < number // 2 else "slide B" for row in range(number)])
    return BatchPage(
        sidecar=Sidecar(
            classes=classes,
            model="custom_cnn",
            bundle_sha256="0a1b" * 16,
            versions={"cellclf": "0.9.0"},
        ),
        written=datetime(2026, 3, 1, 9, 5, tzinfo=UTC),
        folders=("slides/A", "slides/B"),
        images=number,
        drift=Drift(images=number),
        notes=(),
        listed=review_list(table, names),
        review_file="review.csv",
        calibrated=True,
        threshold=True,
        specimens=specimens_of(table, names, classes, asked or Asked()),
        corrected=asked is not None and asked.confusion is not None,
        source="" if asked is None or asked.reference is None else asked.reference.source,
        unreadable={"broken.png": "the file is empty"},
    )


def written(folder: Path, page: BatchPage) -> Page:
    write_batch_page(folder / "new.html", page)
    return Page((folder / "new.html").read_text(encoding="utf-8"))


def test_what_needs_a_person_comes_before_the_counts(tmp_path: Path) -> None:
    page = replace(batch(tmp_path), drift=DRIFT, notes=("Half of them were trained on.",))
    text = written(tmp_path, page).text
    said = [
        "60 images, 2 specimens Classified by custom_cnn · 2026-03-01 09:05 · not for clinical use",
        "Drift: these images look unlike those that the model was trained on",
        "98 % of the images have a darker background than is usual in training",
        "(7.0 L* off the middle).",
        "Half of them were trained on.",
        "Unidentified1",
        "slide A: 29 cells counted, 1 unidentified, 21 for review",
        "unidentified most like neutrophil",
        "29 more pictures",
        "slide A 29 cells counted. 1 more is none of the classes.",
        "slide B 30 cells counted.",
        "broken.png: the file is empty",
        "Not for clinical use. No finding about a patient",
    ]
    text = text.replace("\N{NO-BREAK SPACE}", " ")
    places = [text.index(words) for words in said]
    assert places == sorted(places)


def test_a_page_says_what_it_comes_of_and_can_be_signed(tmp_path: Path) -> None:
    text = written(tmp_path, batch(tmp_path)).text
    assert "2026-03-01 09:05 +0000, by cellclf" in text
    assert "slides/A, slides/B" in text
    assert "0a1b" * 16 in text
    assert "cellclf 0.9.0" in text
    assert "Read by" in text


def test_where_no_threshold_was_found_none_is_spoken_of(tmp_path: Path) -> None:
    page = batch(tmp_path)
    assert "less sure than the model's threshold" in written(tmp_path, page).text
    text = written(tmp_path, replace(page, threshold=False)).text
    assert "less sure than" not in text
    assert "then all other answers, the least sure first" in text


def test_pictures_are_bounded_and_the_rest_is_counted(tmp_path: Path) -> None:
    many = batch(tmp_path, number=300)
    shown = written(tmp_path, many)
    assert len(shown.attributes("img")) == PICTURES_SHOWN
    assert all(image["alt"] for image in shown.attributes("img"))
    assert f"Of {len(many.listed)}, these are the first {PICTURES_SHOWN}." in shown.text
    assert "All are in review.csv" in shown.text
    assert (tmp_path / "new.html").stat().st_size < 500_000


def test_a_file_that_is_gone_by_now_has_no_picture(tmp_path: Path) -> None:
    page = batch(tmp_path)
    (tmp_path / "cell.png").unlink()
    shown = written(tmp_path, page)
    assert shown.attributes("img") == []
    assert "no picture" in shown.text


def test_counts_have_intervals_corrections_ranges_and_answers(tmp_path: Path) -> None:
    asked = Asked(
        questions=(Question.parsed("eosinophil > 90 %"), Question.parsed("eosinophil > 5 %")),
        reference=ReferenceRanges(source="Our own, 2024", ranges={"eosinophil": (0.01, 0.06)}),
        confusion=np.array([[90, 10, 1], [20, 80, 2]]),
    )
    page = batch(tmp_path, asked=asked)
    text = written(tmp_path, page).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "eosinophil above 90 %? No, by the corrected share." in text
    assert "Usual ranges: Our own, 2024." in text
    assert "A corrected share lies below" in text
    assert "Corrected shares make up for what the model confused" in text
    row = page.specimens[1].table.iloc[0]
    assert f"eosinophil{row['cells']} 100.0 %" in text
    assert f"{100 * row['low']:.1f} to 100.0 %" in text
    assert "1.0 to 6.0 % above" in text
    assert "1.0 to 6.0 %" not in written(tmp_path, batch(tmp_path)).text
    assert "Corrected share" not in written(tmp_path, batch(tmp_path)).text


def test_a_batch_without_anything_to_review_says_so_and_one_without_cells_has_no_shares(
    tmp_path: Path,
) -> None:
    page = batch(tmp_path, number=3)
    calm = replace(page, listed=page.listed.iloc[:0], unreadable={})
    text = written(tmp_path, calm).text
    assert "No cell needs a person" in text
    assert "Unreadable files" not in text
    nothing = specimens_of(
        pd.DataFrame({"path": ["a"], "predicted": ["unidentified"]}),
        pd.Series([""]),
        CLASSES,
        Asked(confusion=np.eye(2, dtype=np.intp)),
    )
    text = written(tmp_path, replace(calm, specimens=nothing, corrected=True)).text
    assert "without a name" in text
    assert "nan" not in text
    assert "All classes together" not in text


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    page = batch(tmp_path)
    assert "no drift was found" in written(tmp_path, page).text
    unknown = written(tmp_path, replace(page, drift=None, calibrated=False)).text
    assert "Drift not known" in unknown
    assert "not calibrated" in unknown


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_are_shown_and_do_nothing(tmp_path: Path, hostile: str) -> None:
    page = batch(tmp_path, number=6, classes=(hostile, f"{hostile}2"))
    named = replace(
        page,
        sidecar=Sidecar(classes=("a",), model=hostile, versions={hostile: hostile}),
        folders=(hostile,),
        listed=page.listed.assign(path=hostile, specimen=hostile),
        review_file=hostile,
        notes=(hostile,),
        uncorrected=(hostile,),
        source=hostile,
        specimens=tuple(replace(one, name=hostile, answers=(hostile,)) for one in page.specimens),
        unreadable={hostile: hostile},
    )
    usual = [
        replace(one, table=one.table.assign(usual_low=0.1, usual_high=0.2, against_usual="open"))
        for one in named.specimens
    ]
    harmless(written(tmp_path, replace(named, specimens=tuple(usual))))


def test_every_table_has_a_caption_and_links_lead_somewhere(tmp_path: Path) -> None:
    shown = written(tmp_path, batch(tmp_path))
    assert len(shown.attributes("table")) == len(shown.attributes("caption"))
    assert all(cell.get("scope") for cell in shown.attributes("th"))
    assert [tag for tag, _ in shown.tags].count("h1") == 1
    ids = {one["id"] for _, one in shown.tags if "id" in one}
    assert {str(one["href"])[1:] for one in shown.attributes("a")} <= ids
    assert all(str(one["src"]).startswith("data:image/") for one in shown.attributes("img"))
    assert ATTACK not in shown.text


def test_a_place_that_cannot_be_written_to_is_a_clear_error(tmp_path: Path) -> None:
    page = batch(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        write_batch_page(tmp_path / "file" / "new.html", page)
