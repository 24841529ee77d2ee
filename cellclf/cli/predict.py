"""`cellclf predict`: classify new images with a trained model."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated

import typer

from cellclf.cli.options import (
    ByOption,
    EngineOption,
    QuestionOption,
    ReferenceOption,
    ViewsOption,
    require_result_files,
    require_suffix,
)

__all__ = ["predict"]


def predict(
    model: Annotated[str, typer.Argument(help="A bundle, or a run directory: its best model.")],
    paths: Annotated[list[str], typer.Argument(help="Images, folders of images, or globs.")],
    out: Annotated[
        Path | None, typer.Option(help="Write one row an image to this CSV file.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a page with what needs a person and the counts, HTML."),
    ] = None,
    review: Annotated[
        Path | None,
        typer.Option(help="Write the cells that need a person to this CSV file, to be corrected."),
    ] = None,
    by: ByOption = "folder",
    question: QuestionOption = None,
    reference: ReferenceOption = None,
    engine: EngineOption = "auto",
    views: ViewsOption = "none",
    ensemble: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="Another bundle or run directory to average with; may be given again. Thresholds "
            "are those of MODEL, the first argument.",
        ),
    ] = None,
) -> None:
    """Classify images and count the classes. Not for clinical use.

    Images that look unlike those of training, in stain, light or focus, are said to. What tells
    specimens apart, questions and usual ranges are for the page.

    \b
    cellclf predict runs/first new_images/ --out new.csv
    cellclf predict runs/first slides/ --out new.csv --report new.html --review review.csv
    cellclf predict runs/first/models/custom_cnn.safetensors 'slide7/*.jpg'
    cellclf predict runs/first new_images/ --views dihedral --ensemble runs/second
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.cli.progress import command_progress
    from cellclf.engines.views import views_named
    from cellclf.errors import DataError, LeakageWarning
    from cellclf.evaluation.prediction_files import require_free, sidecar_of
    from cellclf.evaluation.review import require_uncorrected
    from cellclf.inference.classifier import load
    from cellclf.inference.inputs import expand_paths
    from cellclf.network.backend import prepare_backend

    _require_use(by, question, reference, report=report, review=review)
    files = expand_paths(paths)
    results = {"--out": out, "--report": report, "--review": review}
    if out is not None:
        results["the file beside --out"] = sidecar_of(out)
    models = [model, *(ensemble or ())]
    require_result_files(results, inputs=(*files, *map(Path, models), reference))
    require_suffix("--out", out, ".csv")
    require_suffix("--review", review, ".csv")
    require_suffix("--report", report, ".html")
    if out is not None:
        require_free(out)
    for table in filter(None, (out, review)):
        require_uncorrected(table)
    asked = None
    if report is not None or review is not None:
        from cellclf.pipeline.batch import batch_report, check_batch

        asked = check_batch(files, by=by, questions=question or (), reference=reference)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeakageWarning)  # the summary says it
        with command_progress() as progress:
            classifier = load(
                models,
                engine=engine,
                views=views_named(views),
                before_network=prepare_backend,
                progress=progress,
            )
    if asked is not None:
        asked.require(classifier.classes)
    with command_progress() as progress:
        classified = classifier.classify(files, progress=progress)
    if not len(classified.table):
        reasons = "".join(f"\n  {path}: {why}" for path, why in classified.unreadable.items())
        raise DataError(f"no image could be read:{reasons}")
    typer.echo(classified.summary())
    if out is not None:
        classified.write_csv(out)
        typer.echo(f"Written: {out}")
    if report is not None or review is not None:
        batch_report(
            classified,
            page=report,
            review=review,
            by=by,
            questions=question or (),
            reference=reference,
        )
        for path in filter(None, (report, review)):
            typer.echo(f"Written: {path}")


def _require_use(
    by: str,
    question: list[str] | None,
    reference: Path | None,
    *,
    report: Path | None,
    review: Path | None,
) -> None:
    """Make sure that what is asked for has a place where it is said."""
    from cellclf.evaluation.specimens import FOLDER

    if report is None and (question or reference is not None):
        option = "--question" if question else "--reference"
        raise typer.BadParameter(f"{option} needs --report: the page answers it")
    if report is None and review is None and by != FOLDER:
        raise typer.BadParameter("--by needs --report or --review: they tell specimens apart")
