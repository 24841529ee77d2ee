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
from cellclf.evaluation.gates import Held
from cellclf.reporting.plots import confusion_matrix
from cellclf.reporting.report import DatasetFacts, Exhibit, ModelReport, Report, write_report
from cellclf.reporting.shown import ShownCell

ATTACK = "<script>alert(1)</script>"
GUIDELINES = ["https://doi.org/10.1148/ryai.240300", "https://doi.org/10.1136/bmj-2023-078378"]
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


MAPPED = ("cell", "Grad-CAM")


def one_cell(called: tuple[str, ...]) -> ShownCell:
    return ShownCell(
        pictures=dict.fromkeys(called, DOT),
        name="cells/7.png",
        label="round",
        predicted="long",
        confidence=0.514,
    )


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
        mistakes=(one_cell(MAPPED),),
        review=(one_cell(MAPPED), one_cell(MAPPED)),
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
    assert "Verdict small classified 141 of 144 test cells correctly: 97.9 %." in text
    assert "It is weakest for round: it found 47 of 48 cells, 97.9 %." in text
    assert "Most often long was taken for round, 2 times." in text


def test_the_verdict_has_intervals_of_the_whole_and_of_the_weakest_class(tmp_path: Path) -> None:
    intervals = {("accuracy", ""): (0.94, 0.996), ("recall", "round"): (0.889, 0.999)}
    text = page(tmp_path, models=(replace(model(), intervals=intervals),)).text
    assert "correctly: 97.9 % (95 % interval 94.0 to 99.6 %)." in text
    assert "it found 47 of 48 cells, 97.9 % (88.9 to 99.9 %)." in text


def test_a_verdict_without_mistakes_says_what_may_still_be(tmp_path: Path) -> None:
    intervals = {("recall", "round"): (0.926, 1.0), ("recall", "long"): (0.962, 1.0)}
    perfect = replace(model(counts=((48, 0), (0, 96))), intervals=intervals)
    text = page(tmp_path, models=(perfect,)).text
    assert "No mistake was seen; even so, its sensitivity for round could be as low as 92.6 %." in (
        text
    )


@pytest.mark.parametrize(
    ("lows", "said"),
    [
        ({"round": 0.8152, "long": 0.8149}, "for each class could"),
        ({"round": 0.7}, "for round could"),
    ],
)
def test_a_verdict_names_no_class_that_is_as_well_known_as_others(
    tmp_path: Path, lows: dict[str, float], said: str
) -> None:
    intervals = {("recall", name): (low, 1.0) for name, low in lows.items()}
    perfect = replace(model(counts=((48, 0), (0, 96))), intervals=intervals)
    assert f"its sensitivity {said} be as low as" in page(tmp_path, models=(perfect,)).text


def test_the_verdict_counts_the_quality_gates_and_each_is_listed(tmp_path: Path) -> None:
    gates = [
        Held(gate="accuracy >= 0.9", passed=True, reason="accuracy >= 0.9: reached."),
        Held(gate="f1 >= 0.99", passed=False, reason="f1 >= 0.99: not reached."),
    ]
    text = page(tmp_path, gates=gates).text
    assert "It does not reach 1 of its 2 quality gates." in text
    assert "reached accuracy >= 0.9: reached. not reached f1 >= 0.99: not reached." in text
    assert "It reaches its quality gate." in page(tmp_path, gates=gates[:1]).text
    assert "It reaches all of its 2 quality gates." in page(tmp_path, gates=gates[:1] * 2).text
    assert "quality gate" not in page(tmp_path).text


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


def test_rendered_cells_are_called_synthetic_and_photographs_are_not(tmp_path: Path) -> None:
    assert "Synthetic images:" in page(tmp_path, synthetic=True).text
    assert "ynthetic" not in page(tmp_path, synthetic=False).text


def test_a_model_that_was_not_calibrated_is_called_so(tmp_path: Path) -> None:
    assert "not calibrated" in page(tmp_path, calibrated=False).text
    sure = replace(model(), calibration=("Calibrated.",), refusals=("Review: none.",))
    text = page(tmp_path, calibrated=True, models=(sure,)).text
    assert "ot calibrated" not in text
    assert "How sure it is Calibrated." in text
    assert "What it refuses Review: none." in text


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
    assert "Figure small chosen large Validation Accuracy 97.1 % 95.0 %" in text
    assert "Test Accuracy 97.9 % 99.0 %" in text
    assert text.index("What it refuses") < text.index("large: 141 of 144 test cells right, 97.9 %")


def test_the_tables_hold_the_numbers_as_given(tmp_path: Path) -> None:
    text = page(tmp_path).text
    assert "round 95.9 % 97.9 % 48 long (1)" in text
    assert "long 99.0 % – 96 round (2)" in text
    assert "round 300 48 348 long 600 96 696 All 900 144 1,044" in text
    assert "Figure small Validation Accuracy 97.1 % Training Time 1 min 15 s" in text
    assert "long round 2 2.1 % round long 1 2.1 %" in text
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
    assert "small classified 144 of 144 test cells correctly: 100.0 %." in text
    assert "It is weakest" not in text


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
        "Verdict leaky",
        "How it was chosen leaky",
        "leaky Chosen on validation, judged on test.",
        "How good it is, class by class leaky",
        "leaky small on the test part.",
        "What was taken for what leaky",
        "What it gets wrong leaky",
        "leaky The most frequent mistakes of small",
        "How sure it is leaky",
        "What it refuses leaky",
        "Answers to review first leaky",
        "How small learned leaky",
        "Model card of small leaky",
        "Reporting checklists leaky",
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
    assert "In no part" not in page(tmp_path).text


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


def test_what_is_refused_has_a_place_for_pictures_with_headings_of_their_own(
    tmp_path: Path,
) -> None:
    exhibits = (
        Exhibit(picture=DOT, shows="a curve", caption="read it so", wide=False),
        Exhibit(heading="For review", picture=DOT, shows="the cells to be reviewed"),
    )
    coverage = pd.DataFrame(
        {"covered": [0.9375], "samples": [48], "low": [0.854], "high": [1.0]}, index=["round"]
    )
    refusing = replace(model(), refusals=("Some.",), refused=exhibits, coverage=coverage)
    shown = page(tmp_path, models=(refusing,))
    assert "What it refuses Some. read it so For review" in shown.text
    assert "round 93.8 % 85.4 to 100.0 % 48" in shown.text
    alts = [image["alt"] for image in shown.attributes("img")]
    assert {"a curve", "the cells to be reviewed"} <= set(alts)


def test_texts_of_other_scripts_do_not_turn_a_line_around(tmp_path: Path) -> None:
    arabic = "\u062e\u0644\u064a\u0629"
    renamed = replace(model(), per_class=model().per_class.rename(index={"round": arabic}))
    text = page(tmp_path, models=(renamed,)).text
    assert f"\u2068{arabic}\u2069: 97.9 %" in text
    shown = page(tmp_path, models=(renamed,))
    assert {"dir": "ltr"} in shown.attributes("bdi")


def test_what_refusal_costs_each_class_is_shown_and_changes_what_is_said_of_limits(
    tmp_path: Path,
) -> None:
    cost = pd.DataFrame(
        {
            "refused": [0.0417, 0.0],
            "samples": [48.0, 96.0],
            "low": [0.005, 0.0],
            "high": [0.143, np.nan],
        },
        index=["round", "long"],
    )
    text = page(tmp_path, models=(replace(model(), refusals=("R.",), unidentified=cost),)).text
    assert "round 4.2 % 0.5 to 14.3 % 48 long 0.0 %" in text
    assert "is called unidentified" in text
    assert "also an image that shows none of them" not in text
    assert "also an image that shows none of them" in page(tmp_path).text


def test_maps_beside_cells_are_named_and_their_reading_is_explained(tmp_path: Path) -> None:
    shown = page(tmp_path)
    alts = [str(image["alt"]) for image in shown.attributes("img")]
    assert alts.count("cell of cells/7.png") == alts.count("Grad-CAM of cells/7.png") == 3
    assert shown.text.count("true: round predicted: long confidence 51.4 % cells/7.png") == 3
    assert shown.text.count("by gradients (Grad-CAM); yellow where most of it did") == 2
    assert "Not shown beside these cells: occlusion, because of something." in shown.text


def test_without_maps_nothing_is_said_of_them(tmp_path: Path) -> None:
    alone = (one_cell(("cell",)),)
    plain = replace(model(), mistakes=alone, review=alone, maps={}, without_maps="")
    shown = page(tmp_path, models=(plain,))
    assert not any("Grad-CAM" in str(image["alt"]) for image in shown.attributes("img"))
    assert "score of the predicted class" not in shown.text
    assert "Not shown" not in shown.text
