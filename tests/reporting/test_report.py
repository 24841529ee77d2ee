from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellclf.auditing.class_sizes import ClassSize
from cellclf.auditing.findings import Finding, FindingKind, Severity
from cellclf.errors import RunError
from cellclf.reporting.plots import confusion_matrix
from cellclf.reporting.report import DatasetFacts, ModelReport, Report, write_report

ATTACK = "<script>alert(1)</script>"
DOT = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


def found(kind: FindingKind, severity: Severity, files: tuple[str, ...], detail: str) -> Finding:
    return Finding(kind=kind, severity=severity, files=files, detail=detail)


class Page(HTMLParser):
    """Tags with their attributes, and the text outside style and script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside = ""
        self.pieces: list[str] = []
        self.feed(html)
        self.text = " ".join("".join(self.pieces).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside != "style":
            self.pieces.append(data)

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def model(name: str = "small", counts: object = ((47, 1), (2, 94))) -> ModelReport:
    confusion = np.array(counts)
    classes = ["round", "long"]
    return ModelReport(
        name=name,
        metrics={"accuracy": 141 / 144, "roc_auc_macro": 0.9968},
        per_class=pd.DataFrame(
            {"precision": [0.9592, 0.9895], "recall": [0.9792, np.nan], "support": [48, 96]},
            index=classes,
        ),
        confusion=confusion,
        epochs=12,
        best_epoch=9,
        stopped_early=True,
        learning_curves=DOT,
        confusion_matrices=(confusion_matrix(confusion, classes, normalise=False), DOT),
        mistakes=DOT,
        review=DOT,
        maps={"Grad-CAM": "by gradients"},
        without_maps="occlusion, because of something",
    )


def report(**changes: object) -> Report:
    base = Report(
        title="A first run",
        dataset=DatasetFacts(name="cells", homepage="https://example.org/cells"),
        counts=pd.DataFrame({"train": [300, 600], "test": [48, 96]}, index=["round", "long"]),
        comparison=pd.DataFrame(
            {"validation_accuracy": [0.9712], "accuracy": [141 / 144], "training_seconds": [75.0]},
            index=["small"],
        ),
        best_model="small",
        reason="The only model.",
        models=(model(),),
        experiment='seed = 7\nname = "<b>"\n',
        seed=7,
        versions={"cellclf": "0.1.0"},
        timings={"train small": 75.0},
        class_balance=DOT,
        samples=DOT,
        augmented=DOT,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def page(tmp_path: Path, **changes: object) -> Page:
    write_report(tmp_path / "report.html", report(**changes))
    return Page((tmp_path / "report.html").read_text(encoding="utf-8"))


def test_the_verdict_is_the_first_thing_said_under_the_first_heading(tmp_path: Path) -> None:
    text = page(tmp_path).text
    assert "Result small classified 141 of 144 test cells correctly (97.9 %)." in text
    assert "The hardest class was round: 47 of its 48 cells were found (97.9 %)." in text
    assert "The most frequent mistake was long taken for round, 2 times." in text


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
    assert [a["href"] for a in shown.attributes("a") if not str(a["href"]).startswith("#")] == []


def test_nothing_is_fetched_and_only_the_homepage_is_linked(tmp_path: Path) -> None:
    shown = page(tmp_path)
    sources = [a.get("src") for _, a in shown.tags if a.get("src")]
    assert sources
    assert all(str(source).startswith("data:image/") for source in sources)
    links = [str(a["href"]) for _, a in shown.tags if a.get("href")]
    assert [link for link in links if not link.startswith("#")] == ["https://example.org/cells"]
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "url(" not in html
    assert "@import" not in html


def test_every_image_says_what_it_shows_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    shown = page(tmp_path)
    assert len(shown.attributes("img")) == 8
    assert all(image["alt"] for image in shown.attributes("img"))
    ids = {a["id"] for _, a in shown.tags if "id" in a}
    assert {str(a["href"])[1:] for a in shown.attributes("a")} - {"ttps://example.org/cells"} <= ids


def test_every_table_has_a_caption_and_every_heading_cell_a_scope(tmp_path: Path) -> None:
    shown = page(tmp_path)
    assert len(shown.attributes("table")) == len(shown.attributes("caption"))
    assert all(cell.get("scope") for cell in shown.attributes("th"))
    assert [tag for tag, _ in shown.tags].count("h1") == 1


def test_rendered_cells_are_called_synthetic_and_photographs_are_not(tmp_path: Path) -> None:
    assert "Synthetic images:" in page(tmp_path, synthetic=True).text
    assert "ynthetic" not in page(tmp_path, synthetic=False).text


def test_a_model_that_was_not_calibrated_is_called_so(tmp_path: Path) -> None:
    assert "not calibrated" in page(tmp_path, calibrated=False).text
    assert "not calibrated" not in page(tmp_path, calibrated=True).text


def test_every_report_says_that_it_is_not_for_clinical_use(tmp_path: Path) -> None:
    assert "Not for clinical use" in page(tmp_path).text


def test_the_chosen_model_is_marked_and_its_choice_explained(tmp_path: Path) -> None:
    comparison = pd.DataFrame(
        {"validation_accuracy": [0.95, 0.9712], "accuracy": [0.99, 141 / 144]},
        index=["large", "small"],
    )
    text = page(
        tmp_path,
        comparison=comparison,
        models=(model("large"), model("small")),
        reason="small was chosen: its accuracy on validation is the highest.",
    ).text
    assert "small was chosen: its accuracy on validation is the highest." in text
    assert "large 95.0 % 99.0 % small chosen 97.1 % 97.9 %" in text
    assert text.index("small chosen not calibrated") < text.index("large not calibrated")


def test_the_tables_hold_the_numbers_as_given(tmp_path: Path) -> None:
    text = page(tmp_path).text
    assert "round 95.9 % 97.9 % 48 long (1)" in text
    assert "long 99.0 % – 96 round (2)" in text
    assert "round 300 48 348 long 600 96 696 All 900 144 1,044" in text
    assert "small 97.1 % 97.9 % 1 min 15 s" in text
    assert "round, has 48 cells: one cell more or less moves its sensitivity by 2.1 points" in text


def test_findings_are_listed_by_kind_and_long_lists_are_cut(tmp_path: Path) -> None:
    text = page(
        tmp_path,
        findings=(
            found("unreadable", "error", ("a.jpg",), "cut short"),
            found("exact_duplicate", "warning", tuple(f"{n}.jpg" for n in range(12)), ""),
            *(found("unreadable", "error", (f"b{n}.jpg",), "empty") for n in range(60)),
        ),
    ).text
    assert "Unreadable files: 61 error a.jpg: cut short" in text
    assert "and 11 more" in text
    assert "Exact duplicates: 1 warning" in text
    assert "9.jpg and 2 more" in text


def test_a_model_without_mistakes_has_no_hardest_class(tmp_path: Path) -> None:
    text = page(tmp_path, models=(model(counts=((48, 0), (0, 96))),)).text
    assert "small classified 144 of 144 test cells correctly (100.0 %)." in text
    assert "The hardest class" not in text


def test_a_report_without_pictures_or_test_cells_is_still_a_report(tmp_path: Path) -> None:
    bare = replace(
        model(counts=((0, 0), (0, 0))),
        learning_curves=None,
        confusion_matrices=(),
        mistakes=None,
        review=None,
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


LEAKS = tuple(f"patient '{n}' is in train (a) and test (b)" for n in range(8))


def test_a_leaky_report_says_so_at_the_top_and_at_every_figure(tmp_path: Path) -> None:
    leaky = page(tmp_path, leaks=LEAKS, synthetic=True)
    assert leaky.text.count("Leaky split") == 2
    assert "patient '4' is in train (a) and test (b)" in leaky.text
    assert "patient '5'" not in leaky.text
    assert "and 3 more" in leaky.text
    # Before everything else that is said: the banner stands in the header, above Synthetic.
    assert leaky.text.index("Leaky split") < leaky.text.index("Synthetic images")
    for heading in (
        "Result leaky",
        "On validation and on test leaky",
        "leaky Chosen on validation, judged on test.",
        "small not calibrated leaky",
        "Class by class leaky",
        "leaky small on the test part.",
        "What was taken for what leaky",
        "How it learned leaky",
        "Most confident mistakes leaky",
        "Answers to review first leaky",
    ):
        assert heading in leaky.text
    assert "eaky" not in page(tmp_path).text


def test_what_was_left_out_is_listed_with_the_reason_and_long_lists_are_cut(tmp_path: Path) -> None:
    left_out = {f"{n:02}.jpg": "labelled 'a', 'b'" for n in range(53)}
    text = page(tmp_path, left_out={ATTACK: "empty", **left_out}).text
    assert "In no part: 54" in text
    assert f"{ATTACK}: empty" in text
    assert "48.jpg: labelled 'a', 'b'" in text
    assert "49.jpg" not in text
    assert "and 4 more, all of them in division.csv" in text
    assert "Left out" not in page(tmp_path).text


def test_sources_stand_beside_the_counts_and_the_audit_has_its_sentence_and_link(
    tmp_path: Path,
) -> None:
    sizes = [
        ClassSize(name=name, files=348, readable=348, units=units, effective=units / 2)
        for name, units in (("round", 71), ("long", 12))
    ]
    shown = page(tmp_path, sources=sizes, probe="the border tells nothing", audit_page="audit.html")
    assert "All Sources Effective" in shown.text
    assert "round 300 48 348 71 35.5 long 600 96 696 12 6.0" in shown.text
    assert "the border tells nothing." in shown.text
    assert {"href": "audit.html"} in shown.attributes("a")
    without = page(tmp_path)
    assert "Effective" not in without.text
    assert "the page of the audit" not in without.text


def test_the_badge_of_a_kind_counts_findings_by_how_severe_they_are(tmp_path: Path) -> None:
    both = [
        found("small_class", "warning", ("a",), "small"),
        found("small_class", "error", ("b",), "too small"),
    ]
    text = page(tmp_path, findings=both).text
    assert "Classes that are too small: 2 1 error, 1 warning b: too small a: small" in text


def test_maps_beside_cells_are_named_and_their_reading_is_explained(tmp_path: Path) -> None:
    shown = page(tmp_path)
    alts = [str(image["alt"]) for image in shown.attributes("img")]
    assert sum("beside each, Grad-CAM: where in the image" in alt for alt in alts) == 2
    assert shown.text.count("by gradients (Grad-CAM); yellow where most of it did") == 2
    assert "Not shown beside these cells: occlusion, because of something." in shown.text


def test_without_maps_nothing_is_said_of_them(tmp_path: Path) -> None:
    shown = page(tmp_path, models=(replace(model(), maps={}, without_maps=""),))
    assert not any("beside each" in str(image["alt"]) for image in shown.attributes("img"))
    assert "score of the predicted class" not in shown.text
    assert "Not shown" not in shown.text
