"""`cellclf evaluate`: how good predictions are, whoever made them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cellclf.cli.options import require_result_files
from cellclf.cli.run import NOT_REACHED

__all__ = ["evaluate"]


def evaluate(
    predictions: Annotated[
        Path,
        typer.Option(help="A .csv, .parquet or .jsonl file, of a run or of another program."),
    ],
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OURS=THEIRS",
            help="What a column of the file means, where it has another name than here, such as "
            "label=truth, group=patient or p_monocyte=Mono; may be given again.",
        ),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="A metric; give it again for more. [all of cellclf]")
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(help="Which rows, where the file has several parts. [test]"),
    ] = None,
    resamples: Annotated[
        int, typer.Option(min=100, help="How often units are drawn anew for an interval.")
    ] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Decides every draw.")] = 0,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            help="What must be reached, such as 'sensitivity.basophil >= 0.95 (lower bound)'; may "
            "be given again. The exit status is 3 where one is not."
        ),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write everything to this JSON file.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the figures to this CSV file.")] = None,
) -> None:
    """Judge predictions, with a 95 % interval for every figure.

    The file has one row an image: its true class in `label`, a probability for each class in
    `p_<class>` and, where images belong together, what they share in `group`. Files of a run are
    read as they are.

    \b
    cellclf evaluate --predictions runs/first/predictions/custom_cnn.csv
    cellclf evaluate --predictions other.csv --column label=truth --column group=patient
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.errors import DataError
    from cellclf.pipeline.evaluate import evaluate as judged
    from cellclf.terms import PARTS, part_named

    chosen = None if part is None else part_named(part)
    if part is not None and chosen is None:
        raise DataError(f"--part must be one of {', '.join(PARTS)}. Received: {part!r}")
    require_result_files({"--json": json, "--csv": csv}, inputs=(predictions,))
    found = judged(
        predictions,
        columns=_renamed(column or ()),
        metrics=metric,
        gates=gate or (),
        part=chosen,
        resamples=resamples,
        seed=seed,
    )
    typer.echo(found.summary())
    if json is not None:
        found.write_json(json)
        typer.echo(f"Written: {json}")
    if csv is not None:
        found.write_csv(csv)
        typer.echo(f"Written: {csv}")
    if not found.passed:
        raise typer.Exit(NOT_REACHED)


def _renamed(columns: list[str] | tuple[str, ...]) -> dict[str, str]:
    """Column of the file by the name that it has here."""
    from cellclf.errors import DataError

    renamed: dict[str, str] = {}
    for text in columns:
        ours, equals, theirs = text.partition("=")
        if not equals or not ours.strip() or not theirs.strip():
            raise DataError(
                f"--column must look like OURS=THEIRS, such as label=truth. Received: {text!r}"
            )
        name = ours.strip()
        if name in renamed:
            raise DataError(
                f"--column must name each column once. Received: {name!r} as {renamed[name]!r} and "
                f"as {theirs.strip()!r}"
            )
        renamed[name] = theirs.strip()
    return renamed
