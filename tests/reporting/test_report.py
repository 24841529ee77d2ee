"""A report is a page by itself that every browser and every name leaves whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cellclf.errors import RunError
from cellclf.reporting.report import DatasetFacts, write_report
from tests.reporting.pages import ATTACK, MAPPED, found, model, page, report

GUIDELINES = ["https://doi.org/10.1148/ryai.240300", "https://doi.org/10.1136/bmj-2023-078378"]


def test_names_that_hold_markup_are_shown_and_not_run(tmp_path: Path) -> None:
    hostile = replace(model(), per_class=model().per_class.rename(index={"round": ATTACK}))
    shown = page(
        tmp_path,
        title=ATTACK,
        models=(hostile,),
        counts=report().counts.rename(index={"round": ATTACK}),
        dataset=DatasetFacts(name=ATTACK, homepage="javascript:alert(1)", place=ATTACK),
        findings=(found("unreadable", "error", (ATTACK,), ATTACK),),
        warnings=(ATTACK,),
        versions={ATTACK: ATTACK},
        facts={ATTACK: ATTACK},
        experiment=ATTACK,
        reason=ATTACK,
    )
    assert shown.attributes("script") == []
    assert shown.text.count(ATTACK) > 10
    links = [a["href"] for a in shown.attributes("a") if not str(a["href"]).startswith("#")]
    assert links == GUIDELINES


def test_nothing_is_fetched_and_only_homepage_and_guidelines_are_linked(tmp_path: Path) -> None:
    shown = page(tmp_path)
    sources = [a.get("src") for _, a in shown.tags if a.get("src")]
    assert sources
    assert all(str(source).startswith("data:image/") for source in sources)
    links = [str(a["href"]) for _, a in shown.tags if a.get("href")]
    assert [link for link in links if not link.startswith("#")] == [
        "https://example.org/cells",
        *GUIDELINES,
    ]
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "url(" not in html
    assert "@import" not in html


def test_every_image_says_what_it_shows_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    shown = page(tmp_path)
    assert len(shown.attributes("img")) == 6 + 3 * len(MAPPED)
    assert all(image["alt"] for image in shown.attributes("img"))
    ids = {a["id"] for _, a in shown.tags if "id" in a}
    links = {str(a["href"]) for a in shown.attributes("a")}
    assert {link[1:] for link in links if link.startswith("#")} <= ids


def test_every_table_has_a_caption_and_every_heading_cell_a_scope(tmp_path: Path) -> None:
    shown = page(tmp_path)
    assert len(shown.attributes("table")) == len(shown.attributes("caption"))
    assert all(cell.get("scope") for cell in shown.attributes("th"))
    assert [tag for tag, _ in shown.tags].count("h1") == 1


def test_a_report_without_pictures_or_test_cells_is_still_a_report(tmp_path: Path) -> None:
    bare = replace(
        model(counts=((0, 0), (0, 0))),
        learning_curves=None,
        confusion_matrices=(),
        mistakes=(),
        review=(),
        stopped_early=False,
    )
    shown = page(tmp_path, models=(bare,), class_balance=None, samples=None, augmented=None)
    assert shown.attributes("img") == []
    assert "small classified 0 of 0 test cells correctly." in shown.text


def test_a_file_name_that_is_no_text_does_not_stop_the_report(tmp_path: Path) -> None:
    text = page(
        tmp_path,
        findings=(found("unreadable", "error", ("bad\udcff.jpg",), "خلية"),),
        experiment="path = 'bad\udcff'",
    ).text
    assert "bad\N{REPLACEMENT CHARACTER}.jpg" in text
    assert "خلية" in text


def test_a_chosen_model_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="Received: 'other'"):
        report(best_model="other")


def test_a_place_that_cannot_be_written_to_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="cannot be written"):
        write_report(tmp_path / "file" / "report.html", report())


def test_texts_of_other_scripts_do_not_turn_a_line_around(tmp_path: Path) -> None:
    arabic = "\u062e\u0644\u064a\u0629"
    renamed = replace(model(), per_class=model().per_class.rename(index={"round": arabic}))
    text = page(tmp_path, models=(renamed,)).text
    assert f"\u2068{arabic}\u2069: 97.9 %" in text
    shown = page(tmp_path, models=(renamed,))
    assert {"dir": "ltr"} in shown.attributes("bdi")


def test_every_report_says_that_it_is_not_for_clinical_use(tmp_path: Path) -> None:
    assert "Not for clinical use" in page(tmp_path).text
