"""Pages and figures of names that do harm where they are taken for something else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from cellclf.auditing.audit import audit
from cellclf.auditing.background import BackgroundProbe
from cellclf.data.samples import Sample, Samples
from cellclf.reporting.audit_page import write_audit_page
from cellclf.reporting.audit_plots import background_probe
from cellclf.reporting.figures import as_svg
from cellclf.reporting.plots import class_balance, confusion_matrix
from cellclf.reporting.report import DatasetFacts, write_report
from cellclf.reporting.sheets import augmented_sheet, cell_sheet, sample_sheet
from cellclf.reporting.style import OVERRIDING, legible
from tests.data.image_files import noise
from tests.hostile_names import HOSTILE
from tests.reporting.pages import DOT, Page, found, model, report


def harmless(page: Page) -> None:
    """Nothing of a name has become a tag, an attribute, or a direction of the text around it."""
    active = {"script", "iframe", "object", "embed", "link", "base", "form", "input"}
    assert not active & {tag for tag, _ in page.tags}
    names = {name for _, attributes in page.tags for name in attributes}
    assert not [name for name in names if name.startswith("on")]
    assert all(str(one["src"]).startswith("data:image/") for one in page.attributes("img"))
    links = [str(one["href"]) for one in page.attributes("a")]
    ours = ("#", "audit.html", "model_card.md", "https://doi.org/")
    assert all(link.startswith(ours) for link in links)
    assert not set(OVERRIDING) & set(page.text)
    assert "49" not in page.text.split()  # {{ 7 * 7 }}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_report_shows_a_hostile_name_and_does_nothing_else(tmp_path: Path, name: str) -> None:
    classes = {"round": name, "long": f"{name}2"}
    hostile = replace(
        model(name), per_class=model().per_class.rename(index=classes), learning_curves=DOT
    )
    shown = report(
        title=name,
        models=(hostile,),
        best_model=name,
        comparison=report().comparison.rename(index={"small": name}),
        counts=report().counts.rename(index=classes),
        dataset=DatasetFacts(name=name, homepage=name, place=name, licence=name, citation=name),
        findings=(found("unreadable", "error", (name,), name),),
        left_out={name: name},
        warnings=(name,),
        leaks=(name,),
        versions={name: name},
        facts={name: name},
        experiment=name,
        reason=name,
        probe=name,
    )
    write_report(tmp_path / "report.html", shown)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    harmless(page)
    assert page.text.count(" ".join(legible(name).split())) > 10


def test_an_audit_page_shows_hostile_names_and_does_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"")
    cv2.imwrite(str(tmp_path / "cell.png"), noise(24, 24, seed=1))
    samples = [
        Sample(id=f"{file}{name}", label=name, path=str(tmp_path / file), groups={name: name})
        for name in HOSTILE
        for file in ("cell.png", "broken.png")
    ]
    checked = audit(
        Samples(samples=tuple(samples), classes=tuple(HOSTILE)), cache=tmp_path / "cache"
    )
    write_audit_page(tmp_path / "page.html", replace(checked, name=HOSTILE[0]))
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    harmless(page)
    assert HOSTILE[0] in page.text


@pytest.mark.filterwarnings("error")
def test_figures_draw_hostile_names_as_they_are() -> None:
    number = len(HOSTILE)
    images = np.zeros((number, 8, 8, 3), np.uint8)
    table = pd.DataFrame(
        {
            "sample_id": HOSTILE,
            "label": HOSTILE,
            "top_class": [*HOSTILE[1:], HOSTILE[0]],
            "confidence": 0.9,
        }
    )
    before = pd.DataFrame({"train": 1, "test": 1}, index=list(HOSTILE))
    for figure in (
        confusion_matrix(np.eye(number, dtype=int), HOSTILE, normalise=False),
        class_balance(before, dict.fromkeys(HOSTILE, 1)),
        sample_sheet(images, np.arange(number), HOSTILE),
        augmented_sheet(images, images[:, None], names=HOSTILE),
        cell_sheet(images, table),
    ):
        drawing = as_svg(figure).decode()
        assert "<script" not in drawing
        assert "onerror=alert(1)>" not in drawing
        assert "$x^2$" in drawing
        assert not set(OVERRIDING) & set(drawing)


def test_the_chart_of_a_probe_draws_hostile_names_as_they_are() -> None:
    shares = (0.5,) * len(HOSTILE)
    probe = BackgroundProbe(
        accuracy=0.5,
        low=0.4,
        high=0.6,
        classes=HOSTILE,
        recall=shares,
        given_away=shares,
        images=99,
    )
    drawing = as_svg(background_probe(probe)).decode()
    assert "<script" not in drawing
    assert "$x^2$" in drawing
