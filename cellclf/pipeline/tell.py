"""The account of a run for people: figures as files, and the report that holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cellclf.auditing.summary import probe_sentence
from cellclf.checking import Plan
from cellclf.data.augmented import augmented_views
from cellclf.evaluation.abstention import risk_coverage
from cellclf.evaluation.estimates import limits
from cellclf.evaluation.first_to_see import confident_mistakes, least_sure
from cellclf.evaluation.kept_promises import promise_sentences
from cellclf.evaluation.predictions import UNIDENTIFIED
from cellclf.pipeline.batches import augmentation_chain, training_batches
from cellclf.pipeline.explain import Maps, maps_of
from cellclf.pipeline.made import how_it_was_made
from cellclf.pipeline.prepare import Prepared
from cellclf.pipeline.train import Trained
from cellclf.pipeline.verdict import Verdict
from cellclf.pipeline.work import Work
from cellclf.reporting.card import write_card
from cellclf.reporting.confidence_plots import acceptance_chart, calibration_chart
from cellclf.reporting.figures import save_figure, stamp
from cellclf.reporting.plots import class_balance, confusion_matrix, learning_curves
from cellclf.reporting.report import (
    DatasetFacts,
    Exhibit,
    ModelReport,
    Report,
    write_report,
)
from cellclf.reporting.sheets import augmented_sheet, cell_sheet, sample_sheet
from cellclf.reporting.shown import ShownCell, shown_cells
from cellclf.terms import PARTS

__all__ = ["write_account"]

STAMP = "Leaky split: looks better than it is"
"""What is written above every figure of a run whose given split leaks."""

NOTHING_GAINED = (
    "No answer on the test part is wrong: asking for more confidence gains nothing there."
)

SAMPLES_SHOWN = 9
"""Cells of each class on the sheet of samples."""

CELLS_SHOWN = 12
"""Cells on the sheet of mistakes, and on that of answers for review: each is explained, too."""

AUGMENTED_VIEWS = 8
"""Views of each cell on the sheet of augmented samples."""


def write_account(
    work: Work, trained: Sequence[Trained], verdict: Verdict, record: Mapping[str, Any]
) -> None:
    """Draw every figure, save each, and write the report, the model card and the audit's page.

    Args:
        work: The run.
        trained: What came of each model.
        verdict: What the models are worth.
        record: What the run says of itself.

    Raises:
        RunError: The run directory cannot be written to.
    """
    plan, prepared, directory = work.plan, work.prepared, work.directory
    counts = pd.DataFrame(prepared.counts())[list(PARTS)]
    shared = _shared_figures(plan, prepared, counts)
    models = []
    for model in trained:
        sheets, cells, maps = _cells_to_see(model, work)
        drawn = _model_figures(model, verdict) | sheets
        for name, figure in drawn.items():
            if prepared.leaky:
                stamp(figure, STAMP)
            save_figure(figure, directory.figures / f"{model.label}_{name}.png")
        models.append(_model_report(model, verdict, drawn, cells, maps))
    for name, figure in shared.items():
        save_figure(figure, directory.figures / f"{name}.png")
    spec = plan.dataset.spec
    path = plan.experiment.data.path
    report = Report(
        title=f"{path.name if path else spec.name}: {', '.join(plan.models)}",
        dataset=DatasetFacts(
            name=spec.name,
            licence=spec.licence,
            citation=spec.citation,
            homepage=spec.homepage,
            place="" if path is None else str(path),
        ),
        counts=counts,
        comparison=_comparison(verdict),
        best_model=verdict.best.model,
        reason=verdict.best.reason,
        models=tuple(models),
        experiment=plan.experiment.to_toml(),
        seed=plan.experiment.seed,
        versions=record["versions"],
        timings=record["seconds"],
        facts=_facts(plan, prepared),
        findings=prepared.audit.findings,
        sources=prepared.audit.classes,
        probe=probe_sentence(prepared.audit),
        audit_page=directory.audit_page.name,
        warnings=prepared.split.warnings,
        left_out={one.sample_id: one.reason for one in prepared.left_out},
        leaks=tuple(map(str, prepared.leaks)),
        synthetic=spec.synthetic,
        calibrated=record["calibrated"],
        groups_known=any(sample.groups for sample in prepared.samples),
        gates=verdict.gates,
        stated={name: " ".join(text.split()) for name, text in plan.experiment.card.stated.items()},
        made=how_it_was_made(plan, prepared, trained, record),
        methods=_methods(verdict),
        written=record["written"],
        card_file=directory.card_file.name,
        **shared,
    )
    prepared.audit.write_page(directory.audit_page)
    write_card(directory.card_file, report)
    write_report(directory.report_file, report)


def _comparison(verdict: Verdict) -> pd.DataFrame:
    """One row a model; that its figures are leaky the report says in its own way."""
    return verdict.comparison.set_index("model").drop(columns="leaky", errors="ignore")


def _facts(plan: Plan, prepared: Prepared) -> dict[str, str]:
    """What else there is to say of the images: what was kept together, renamed, left out."""
    classes = plan.experiment.data.classes
    kinds = sorted({kind for sample in prepared.samples for kind in sample.groups})
    used = prepared.split.parts != ""
    units = len(np.unique(prepared.audit.units[used]))
    crossing = f"{len(prepared.leaks):,}" if prepared.leaky else "none"
    together = f"{used.sum():,} images in {units:,} units, {crossing} of them in two parts"
    ties = [*kinds, "equal content", "near duplicates"]
    facts = {
        "kept together": f"{together} (by {', '.join(ties)})",
        "classes renamed": ", ".join(f"{old} to {new}" for old, new in classes.rename.items()),
        "classes left out": ", ".join(classes.leave_out),
        "data fingerprint": prepared.fingerprint,
    }
    return {name: fact for name, fact in facts.items() if fact}


def _shared_figures(plan: Plan, prepared: Prepared, counts: pd.DataFrame) -> dict[str, Figure]:
    classes = prepared.samples.classes
    labels = prepared.samples.labels
    rows = prepared.split.rows("train")
    after = training_batches(plan, prepared).class_balance().after
    by_class = [rows[labels[rows] == number] for number in range(len(classes))]
    shown = np.concatenate([members[:SAMPLES_SHOWN] for members in by_class])
    first = [int(members[0]) for members in by_class]
    views = augmented_views(
        prepared.images,
        first,
        augmentation_chain(plan),
        seed=plan.experiment.seed,
        views=AUGMENTED_VIEWS,
    )
    return {
        "class_balance": class_balance(
            counts,
            {name: round(after[number]) for number, name in enumerate(classes)},
            weighted=plan.experiment.augmentation.balance == "weights",
        ),
        "samples": sample_sheet(prepared.images[shown], labels[shown], classes),
        "augmented": augmented_sheet(prepared.images[first], views, names=classes),
    }


def _model_figures(model: Trained, verdict: Verdict) -> dict[str, Figure]:
    counts = np.array(verdict.confusion[model.label])
    return {
        **_confidence(model),
        "learning_curves": learning_curves(model.history, best_epoch=model.facts["best_epoch"]),
        "confusion_counts": confusion_matrix(counts, verdict.classes, normalise=False),
        "confusion_shares": confusion_matrix(counts, verdict.classes, normalise=True),
    }


def _cells_to_see(
    model: Trained, work: Work
) -> tuple[dict[str, Figure], dict[str, tuple[ShownCell, ...]], Maps]:
    """Find the test cells to be seen first, each with maps of what moved its answer.

    Returns:
        Sheets of them, for files; the cells themselves, for the report; and the maps.
    """
    test = model.part("test")
    chosen = {
        "confident_mistakes": confident_mistakes(test, limit=CELLS_SHOWN),
        "review": least_sure(test, limit=CELLS_SHOWN),
    }
    # A cell that is on both sheets is explained once.
    shown, places = np.unique(np.concatenate([*chosen.values()]), return_inverse=True)
    prepared, table = work.prepared, test.iloc[shown]
    images = prepared.images[prepared.split.rows("test")[shown]]
    maps = maps_of(
        work.directory.bundle(model.label),
        images,
        table["top_class"].tolist(),
        progress=work.progress,
    )
    if maps.missing:
        work.progress.warn(f"{model.label}: the report is without {maps.missing}")
    sheets, by_name = {}, {}
    for name, cells in chosen.items():
        rows, places = places[: len(cells)], places[len(cells) :]
        if len(rows):
            drawn = (images[rows], table.iloc[rows])
            sheets[name] = cell_sheet(*drawn, overlays=maps.of(rows))
            by_name[name] = shown_cells(*drawn, overlays=maps.of(rows))
    return sheets, by_name, maps


def _confidence(model: Trained) -> dict[str, Figure]:
    """What calibration did, and what a threshold gains; nothing where there is none."""
    promises = model.facts.get("promises")
    if not promises:
        return {}
    test = model.part("test")
    right = test["top_class"] == test["label"]
    confidence = test["confidence"].where(test["predicted"] != UNIDENTIFIED, 0.0)
    # Of a run that goes on they are read from JSON, in which a missing limit is null.
    before, after = (
        pd.DataFrame(promises["reliability"][when]).astype(float) for when in ("before", "after")
    )
    drawn = {"calibration": calibration_chart(before, after)}
    if not right.all():  # else nothing is gained, and there is no curve to draw
        drawn["acceptance"] = acceptance_chart(
            risk_coverage(confidence, right),
            threshold=promises["review"]["threshold"],
        )
    return drawn


def _methods(verdict: Verdict) -> list[str]:
    """How the intervals of the best model were computed; a figure may have none."""
    found = verdict.estimates[verdict.best.model]
    return [str(method) for method in found[found["low"].notna()]["method"].unique()]


def _by_class(promises: Mapping[str, Any] | None, name: str) -> pd.DataFrame | None:
    """What came of one of the promises, a row a class; nothing where it was not made."""
    if not promises or not promises.get(name):
        return None
    return pd.DataFrame.from_dict(promises[name]["classes"], orient="index").astype(float)


def _refused(label: str, drawn: Mapping[str, Figure]) -> Iterator[Exhibit]:
    """Pictures of what a model leaves to a person."""
    if "acceptance" in drawn:
        yield Exhibit(
            picture=drawn["acceptance"],
            shows=f"Share of wrong answers of {label} among those accepted, by how many are "
            "accepted. The sentences beside it say the main figures.",
            caption="The more confidence is asked for, the fewer answers are accepted and the "
            "fewer of them are wrong. Cells that are none of the classes are accepted last.",
            wide=False,
        )


def _model_report(
    model: Trained,
    verdict: Verdict,
    drawn: Mapping[str, Figure],
    cells: Mapping[str, tuple[ShownCell, ...]],
    maps: Maps,
) -> ModelReport:
    figures = verdict.figures[model.label]["test"]
    promises = model.facts.get("promises")
    said = promise_sentences(promises) if promises else []
    if promises and "acceptance" not in drawn:
        said.append(NOTHING_GAINED)
    confusion = np.array(verdict.confusion[model.label])
    headline = _comparison(verdict).loc[model.label]
    by_class = {name: figure for name, figure in figures.items() if isinstance(figure, Mapping)}
    per_class = pd.DataFrame(
        {
            name: [figure.get(c, np.nan) for c in verdict.classes]
            for name, figure in by_class.items()
        },
        index=list(verdict.classes),
    )
    return ModelReport(
        name=model.label,
        metrics={
            name: float(headline[name])
            for name in headline.index
            if not name.startswith(("validation_", "network_", "training_"))
        },
        per_class=per_class.assign(support=confusion.sum(axis=1)),
        confusion=confusion,
        intervals=limits(verdict.estimates[model.label]),
        calibration=tuple(said[:1]),
        calibration_chart=drawn.get("calibration"),
        refusals=tuple(said[1:]),
        refused=tuple(_refused(model.label, drawn)),
        coverage=_by_class(promises, "sets"),
        unidentified=_by_class(promises, "refusal"),
        epochs=model.facts["epochs"],
        best_epoch=model.facts["best_epoch"],
        stopped_early=model.facts["stopped_early"],
        learning_curves=drawn["learning_curves"],
        confusion_matrices=(drawn["confusion_counts"], drawn["confusion_shares"]),
        mistakes=cells.get("confident_mistakes", ()),
        review=cells.get("review", ()),
        maps=maps.how,
        without_maps=maps.missing,
    )
