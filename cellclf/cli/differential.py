"""`cellclf differential`: how many cells of each class each specimen has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cellclf.cli.options import (
    ByOption,
    QuestionOption,
    ReferenceOption,
    require_result_files,
    require_suffix,
)
from cellclf.cli.output import JsonOption, print_result, print_written

__all__ = ["differential"]


def differential(
    predictions: Annotated[
        Path, typer.Argument(help="A file of predictions: .csv, .parquet or .jsonl.")
    ],
    by: ByOption = "folder",
    question: QuestionOption = None,
    reference: ReferenceOption = None,
    review: Annotated[
        Path | None,
        typer.Option(help="The review list of `cellclf predict --review`, its last column filled."),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Do not correct for what the model confuses.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the counts to this CSV file.")] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a page with what needs a person and the counts, HTML."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Count the cells of each specimen, with intervals. Not for clinical use.

    What needs a person comes first: cells of no known class, and those to review. A reviewer writes
    the right class into the column `corrected` of the review list, or of the file itself, and the
    same command counts anew.

    \b
    cellclf predict runs/first slides/ --out cells.csv
    cellclf differential cells.csv
    cellclf differential cells.csv --review review.csv --report counts.html
    cellclf differential cells.csv --json > counts.json
    cellclf differential cells.csv --by 'patient(\\d+)' --question 'eosinophil > 5 %'
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.counting.differential import differential as counted
    from cellclf.evaluation.prediction_files import sidecar_of

    read = (predictions, sidecar_of(predictions), review, reference)
    require_result_files({"--csv": csv, "--report": report}, inputs=read)
    require_suffix("--csv", csv, ".csv")
    require_suffix("--report", report, ".html")
    found = counted(
        predictions,
        by=by,
        questions=question or (),
        reference=reference,
        review=review,
        page=report,
        correct=not raw,
    )
    print_result(as_json, found.summary, found.as_json)
    if csv is not None:
        found.write_csv(csv)
    print_written(csv, report, as_json=as_json)
