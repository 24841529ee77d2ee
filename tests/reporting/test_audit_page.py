from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cellclf.auditing.audit import Audit, audit
from cellclf.auditing.findings import SEVERITIES, Finding, FindingKind
from cellclf.data.samples import Sample, Samples
from cellclf.errors import RunError
from cellclf.reporting.audit_page import (
    FINDINGS_SHOWN,
    PICTURES_IN_ALL,
    PICTURES_SHOWN,
    write_audit_page,
)
from cellclf.reporting.pictures import LONGEST_SIDE
from cellclf.reporting.wording import ADVICE, LABELS
from tests.data.image_files import noise
from tests.reporting.pages import ATTACK, Page

MEGABYTE = 1_000_000


def audited(tmp_path: Path, *, pairs: int = 1, copies: int = 2, side: int = 24) -> Audit:
    """Images in two given parts; each of `pairs` is `copies` times there, in both."""
    samples = []
    for pair in range(pairs):
        path = tmp_path / f"{pair}.png"
        image = cv2.resize(noise(8, 8, seed=pair), (side, side))
        path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
        samples += [
            Sample(
                id=f"{pair:03}/{copy}{ATTACK}.png",
                label=("ig", "<b>long</b>")[pair % 2],
                path=str(path),
                split="train" if copy else "test",
            )
            for copy in range(copies)
        ]
    (tmp_path / "broken.png").write_bytes(b"")
    samples.append(Sample(id="broken.png", label="ig", path=str(tmp_path / "broken.png")))
    found = Samples(samples=tuple(samples), classes=("ig", "<b>long</b>"))
    return audit(found, cache=tmp_path / "cache")


def page(tmp_path: Path, found: Audit) -> Page:
    found.write_page(tmp_path / "page.html")
    return Page((tmp_path / "page.html").read_text(encoding="utf-8"))


def test_the_verdict_comes_first_then_classes_findings_and_background(tmp_path: Path) -> None:
    text = page(tmp_path, audited(tmp_path, pairs=4)).text
    said = [
        "Verdict Not safe to use as it is: 6 errors.",
        "Classes Sources share no group",
        "Related images in several given parts error",
        "Unreadable files warning",
        "Exact duplicates note",
        "Background No background probe",
    ]
    places = [text.index(words) for words in said]
    assert places == sorted(places)


def test_pictures_stand_side_by_side_with_label_and_given_part(tmp_path: Path) -> None:
    shown = page(tmp_path, audited(tmp_path))
    pictures = shown.attributes("img")
    assert len(pictures) == 3 * 2  # the leak, the duplicate, and the class that is too small
    assert all(str(one["src"]).startswith("data:image/jpeg;base64,") for one in pictures)
    assert "given: train" in shown.text
    assert "given: test" in shown.text
    assert "One image, or copies or cuts of it, is in train" in shown.text


def test_the_head_names_the_set(tmp_path: Path) -> None:
    found = replace(audited(tmp_path), name="cells & more")
    shown = page(tmp_path, found)
    assert shown.text.startswith("Audit of cells & more Data set audit cells & more 3 images of 2")


def test_each_finding_of_a_kind_says_how_severe_it_is_where_they_differ(tmp_path: Path) -> None:
    found = audited(tmp_path, pairs=6, copies=1)
    severe = [
        Finding(kind="small_class", severity=severity, files=(), detail=f"the {severity}")
        for severity in SEVERITIES[:2]
    ]
    text = page(tmp_path, replace(found, findings=(*severe, severe[1]))).text
    assert "Classes that are too small 31 error 2 warnings" in text
    assert "The error. error The warning. warning The warning. warning" in text


def test_unreadable_files_are_no_sources(tmp_path: Path) -> None:
    text = page(tmp_path, audited(tmp_path, pairs=4)).text
    assert "Unreadable1 Independent sources4" in text


def test_names_are_escaped_and_nothing_is_fetched(tmp_path: Path) -> None:
    found = audited(tmp_path, pairs=2)
    found.write_page(tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert ATTACK not in html
    assert "&lt;script&gt;" in html
    for tag, attributes in Page(html).tags:
        assert tag not in ("script", "link", "iframe")
        for name in ("src", "href"):
            assert str(attributes.get(name) or "#").startswith(("#", "data:"))


def test_a_page_of_many_findings_shows_a_bounded_number_and_counts_the_rest(
    tmp_path: Path,
) -> None:
    found = audited(tmp_path, pairs=16, copies=12, side=200)
    shown = page(tmp_path, found)
    assert len(found.of_kind("split_leak")) == 16
    assert f"{16 - FINDINGS_SHOWN} more findings of this kind" in shown.text
    assert f"{12 - PICTURES_SHOWN} more files" in shown.text
    assert 2 * FINDINGS_SHOWN * PICTURES_SHOWN <= len(shown.attributes("img")) <= PICTURES_IN_ALL
    assert (tmp_path / "page.html").stat().st_size < 4 * MEGABYTE
    assert LONGEST_SIDE < 200


def test_a_file_that_is_gone_by_now_has_no_picture(tmp_path: Path) -> None:
    found = audited(tmp_path)
    (tmp_path / "0.png").unlink()
    assert "no picture" in page(tmp_path, found).text


def test_rows_of_an_array_are_shown_too_and_the_probe_is_drawn(tmp_path: Path) -> None:
    images = np.stack([noise(12, 12, seed=n) for n in range(20)])
    images[10:, :2] = 255
    rows = Samples(
        samples=tuple(Sample(id=f"{n}", label="ab"[n // 10], index=n) for n in range(20)),
        classes=("a", "b"),
        images=images,
    )
    shown = page(tmp_path, audit(rows, cache=tmp_path / "cache"))
    kinds = [str(one["src"]).partition(";")[0] for one in shown.attributes("img")]
    assert {"data:image/jpeg", "data:image/svg+xml"} == set(kinds)
    assert "The background tells the class" in shown.text
    assert "100.0 %" in shown.text


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        write_audit_page(tmp_path / "file" / "page.html", audited(tmp_path))


def test_every_kind_of_finding_has_a_heading_and_advice() -> None:
    from typing import get_args

    assert set(LABELS) == set(ADVICE) == set(get_args(FindingKind))
