"""What a report says of the images: findings, leaks, what was left out, and sources."""

from __future__ import annotations

from pathlib import Path

from cellclf.auditing.class_sizes import ClassSize
from tests.reporting.pages import ATTACK, LEAKS, found, page


def test_rendered_cells_are_called_synthetic_and_photographs_are_not(tmp_path: Path) -> None:
    assert "Synthetic images:" in page(tmp_path, synthetic=True).text
    assert "ynthetic" not in page(tmp_path, synthetic=False).text


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


def test_the_badge_of_a_kind_counts_findings_by_how_severe_they_are(tmp_path: Path) -> None:
    both = [
        found("small_class", "warning", ("a",), "small"),
        found("small_class", "error", ("b",), "too small"),
    ]
    text = page(tmp_path, findings=both).text
    assert "Classes that are too small: 2 1 error, 1 warning b: too small a: small" in text


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
