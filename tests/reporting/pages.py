"""A made report, written as a page, and the page as a reader gets it."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd

from cellclf.auditing.findings import Finding, FindingKind, Severity
from cellclf.reporting.plots import confusion_matrix
from cellclf.reporting.report import DatasetFacts, ModelReport, Report, write_report
from cellclf.reporting.shown import ShownCell

__all__ = [
    "ATTACK",
    "DOT",
    "LEAKS",
    "MAPPED",
    "Page",
    "found",
    "model",
    "one_cell",
    "page",
    "report",
]

ATTACK = "<script>alert(1)</script>"

DOT = b"<svg xmlns='http://www.w3.org/2000/svg'/>"

MAPPED = ("cell", "Grad-CAM")
LEAKS = tuple(f"patient '{n}' is in train (a) and test (b)" for n in range(8))


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


def found(kind: FindingKind, severity: Severity, files: tuple[str, ...], detail: str) -> Finding:
    return Finding(kind=kind, severity=severity, files=files, detail=detail)


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
