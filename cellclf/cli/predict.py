"""`cellclf predict`: classify new images with a trained model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from cellclf.cli.options import (
    ByOption,
    EngineOption,
    ModelArgument,
    QuestionOption,
    RayAddressOption,
    ReferenceOption,
    ViewsOption,
    WorkersOption,
    require_result_files,
    require_suffix,
)
from cellclf.cli.output import JsonOption, print_result, print_written
from cellclf.cli.stopping import STOPPED, told_when_stopped
from cellclf.terms import AUTO

if TYPE_CHECKING:
    from cellclf.counting.wanted import Wanted
    from cellclf.inference.classifier import Classifier
    from cellclf.inference.inputs import Inputs
    from cellclf.inference.predict import Workers
    from cellclf.inference.totals import Totals

__all__ = ["predict"]

WRITTEN = (".csv", ".parquet", ".jsonl")
"""How the name of a file may end that rows are written to."""


def predict(
    model: ModelArgument,
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Images, folders, globs, zip files, .npz files, addresses such as s3://cells, or "
            "- for a list on standard input."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Write one row an image to this file: .csv, .parquet or .jsonl."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the same command was stopped.")
    ] = False,
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
    engine: EngineOption = AUTO,
    workers: WorkersOption = "local",
    ray_address: RayAddressOption = None,
    views: ViewsOption = "none",
    ensemble: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="Another model, named likewise, to average with; may be given again. Thresholds "
            "are those of the first argument.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Classify images and count the classes. Not for clinical use.

    Images that look unlike those of training, in stain, light or focus, are said to. What tells
    specimens apart, questions and usual ranges are for the page.

    \b
    cellclf predict blood_cells new_images/
    cellclf predict runs/first new_images/ --out new.csv
    cellclf predict runs/first new_images/ --quiet --json > counts.json
    cellclf predict runs/first s3://cells/today --out today.parquet --resume
    cellclf predict runs/first /shared/cells --out new.parquet --workers ray --ray-address auto
    cellclf predict runs/first slides/ --out new.csv --report new.html --review review.csv
    cellclf predict runs/first/models/custom_cnn.safetensors 'slide7/*.jpg'
    cellclf predict runs/first new_images/ --views dihedral --ensemble runs/second
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.cli.progress import command_progress
    from cellclf.errors import LeakageWarning
    from cellclf.inference.finding import find_inputs
    from cellclf.inference.predict import classifier_for
    from cellclf.network.backend import prepare_backend

    _require_use(by, question, reference, out=out, report=report, review=review, resume=resume)
    cluster = _cluster(workers, ray_address)
    models = [model, *(ensemble or ())]
    inputs = find_inputs(paths)
    read = [*map(Path, models), *filter(None, [reference])]
    _require_places(inputs, read, out=out, report=report, review=review)
    wanted = None
    if report is not None or review is not None:
        from cellclf.counting.wanted import Wanted

        wanted = Wanted.parsed(by=by, questions=question or (), reference=reference)
        wanted.require_told_apart([*inputs.ids()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeakageWarning)  # the summary says it
        with command_progress() as progress:
            classifier = classifier_for(
                models,
                out=out,
                resume=resume,
                engine=engine,
                views=views,
                before_network=prepare_backend,
                progress=progress,
            )
    kept = out is not None
    if wanted is None:
        totals = _predicted(classifier, inputs, out, cluster, resume=resume, kept=kept)
        print_result(as_json, totals.summary, totals.as_json)
    else:
        wanted.asked.require(classifier.classes)
        with TemporaryDirectory() as folder:
            rows = Path(folder) / "rows.parquet" if out is None else out
            totals = _predicted(classifier, inputs, rows, cluster, resume=resume, kept=kept)
            print_result(as_json, totals.summary, totals.as_json)
            _write_pages(totals, rows, wanted, page=report, review=review)
    print_written(*totals.files, report, review, as_json=as_json)


def _require_places(
    inputs: Inputs,
    read: Sequence[Path],
    *,
    out: Path | None,
    report: Path | None,
    review: Path | None,
) -> None:
    """Make sure, before any image is read, that results can be written and overwrite nothing."""
    from cellclf.evaluation.prediction_files import require_free, sidecar_of
    from cellclf.evaluation.review import require_uncorrected
    from cellclf.inference.finding import local_files
    from cellclf.inference.journal import unreadable_of

    results = {"--out": out, "--report": report, "--review": review}
    if out is not None:
        results["the file beside --out"] = sidecar_of(out)
        results["the list of unreadable files"] = unreadable_of(out)
    names = {path.name for path in results.values() if path is not None}
    require_result_files(results, inputs=(*local_files(inputs, called=names), *read))
    require_suffix("--out", out, *WRITTEN)
    require_suffix("--review", review, ".csv")
    require_suffix("--report", report, ".html")
    if out is not None:
        require_free(out)
    for table in filter(None, (out, review)):
        if table.suffix.lower() == ".csv":
            require_uncorrected(table)


def _cluster(workers: str, address: str | None) -> Workers | None:
    """The machines that are to look at the images, where that is not this process."""
    if workers == "ray":
        from cellclf.inference.ray_workers import RayWorkers

        return RayWorkers(address)
    if address is not None:
        raise typer.BadParameter("--ray-address needs --workers ray")
    return None


def _predicted(
    classifier: Classifier,
    inputs: Inputs,
    out: Path | None,
    workers: Workers | None,
    *,
    resume: bool,
    kept: bool,
) -> Totals:
    """Classify; Ctrl-C leaves what is done, where it is written to a place that is kept."""
    from cellclf.cli.progress import command_progress
    from cellclf.inference.predict import predict

    said = f"{STOPPED} The same command with --resume goes on." if kept else STOPPED
    with told_when_stopped(said), command_progress() as progress:
        totals = predict(
            classifier, inputs, out=out, resume=resume, workers=workers, progress=progress
        )
    return totals if kept else replace(totals, files=())


def _write_pages(
    totals: Totals, rows: Path, wanted: Wanted, *, page: Path | None, review: Path | None
) -> None:
    """Read back what was written, for a page and a list."""
    from cellclf.counting.batch import table_report
    from cellclf.evaluation.prediction_files import read_predictions, read_sidecar
    from cellclf.inference.journal import unreadable_of
    from cellclf.spreadsheets import read_texts

    unreadable: dict[str, str] = {}
    if totals.counts.unreadable:
        listed = read_texts(unreadable_of(rows))
        unreadable = dict(zip(listed["path"], listed["reason"], strict=True))
    table_report(
        read_predictions(rows),
        wanted=wanted,
        sidecar=read_sidecar(rows.with_suffix("")),
        notes=totals.notes,
        unreadable=unreadable,
        page=page,
        review=review,
    )


def _require_use(
    by: str,
    question: list[str] | None,
    reference: Path | None,
    *,
    out: Path | None,
    report: Path | None,
    review: Path | None,
    resume: bool,
) -> None:
    """Make sure that what is asked for has a place where it is said."""
    from cellclf.evaluation.specimens import FOLDER

    if resume and out is None:
        raise typer.BadParameter("--resume needs --out: what was stopped lies beside that file")
    if report is None and (question or reference is not None):
        option = "--question" if question else "--reference"
        raise typer.BadParameter(f"{option} needs --report: the page answers it")
    if report is None and review is None and by != FOLDER:
        raise typer.BadParameter("--by needs --report or --review: they tell specimens apart")
