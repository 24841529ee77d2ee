"""`cellclf evaluate`: how good predictions are, whoever made them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cellclf.cli import completion
from cellclf.cli.exit_codes import ExitCode
from cellclf.cli.options import EngineOption, ViewsOption, require_result_files, wrong_value
from cellclf.cli.output import JsonOption, print_result, print_written
from cellclf.terms import AUTO, PARTS, RESAMPLES, Part, Views, part_named

if TYPE_CHECKING:
    from cellclf.evaluation.evaluation import Evaluation
    from cellclf.judging.gain import Gain

__all__ = ["evaluate"]


def evaluate(
    run: Annotated[
        Path | None,
        typer.Argument(
            help="A run directory, to see what --views and --ensemble gain and cost.",
            show_default=False,
        ),
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(help="A .csv, .parquet or .jsonl file, of a run or of another program."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OURS=THEIRS",
            help="What a column of the file means, where it has another name than here, such as "
            "label=truth, group=patient or p_monocyte=Mono; may be given again.",
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="A metric; give it again for more. [all of cellclf]",
            autocompletion=completion.metrics,
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            help="Which rows, where the file has several parts [test]; which images of a run "
            "[validation].",
            autocompletion=completion.parts,
        ),
    ] = None,
    resamples: Annotated[
        int, typer.Option(min=100, help="How often units are drawn anew for an interval.")
    ] = RESAMPLES,
    seed: Annotated[int, typer.Option(min=0, help="Decides every draw.")] = 0,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            help="What must be reached, such as 'sensitivity.basophil >= 0.95 (lower bound)'; may "
            "be given again. The exit status is 3 where one is not."
        ),
    ] = None,
    views: ViewsOption = "none",
    ensemble: Annotated[
        bool, typer.Option("--ensemble", help="Let all models of the run answer together.")
    ] = False,
    engine: EngineOption = AUTO,
    csv: Annotated[Path | None, typer.Option(help="Write the figures to this CSV file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Judge predictions, with a 95 % interval for every figure; or ways of predicting.

    The file has one row an image: its true class in `label`, a probability for each class in
    `p_<class>` and, where images belong together, what they share in `group`. Files of a run are
    read as they are.

    Of a run, its best model's answers are computed anew, with a single look at each image and as
    asked for with --views and --ensemble: what these gain and cost is printed.

    \b
    cellclf evaluate --predictions runs/first/predictions/custom_cnn.csv
    cellclf evaluate --predictions other.csv --column label=truth --column group=patient
    cellclf evaluate --predictions other.csv --json > judged.json
    cellclf evaluate runs/first --views dihedral --ensemble
    """  # noqa: D301  click wants the character, not the two that stand for it
    from cellclf.gates import Gate
    from cellclf.judging.evaluate import evaluate as judged

    if (run is None) == (predictions is None):
        raise typer.BadParameter(
            "give either --predictions FILE, or a run directory with --views or --ensemble"
        )
    chosen = None if part is None else part_named(part)
    if part is not None and chosen is None:
        raise typer.BadParameter(f"--part must be one of {', '.join(PARTS)}. Received: {part!r}")
    renamed = _renamed(column or ())
    with wrong_value("--gate"):
        for text in gate or ():
            Gate.parsed(text)
    require_result_files({"--csv": csv}, inputs=(predictions,))
    if run is not None:
        _require_none(
            {
                "--column": column,
                "--metric": metric,
                "--gate": gate,
                "--resamples": resamples != RESAMPLES,
                "--seed": seed,
            },
            "--predictions",
        )
        _of_run(
            run,
            views,
            chosen or "validation",
            ensemble=ensemble,
            engine=engine,
            csv=csv,
            as_json=as_json,
        )
        return
    assert predictions is not None
    if views != "none" or ensemble or engine != AUTO:
        raise typer.BadParameter(
            "--views, --ensemble and --engine are for a run directory, not for a file"
        )
    found = judged(
        predictions,
        columns=renamed,
        metrics=metric,
        gates=gate or (),
        part=chosen,
        resamples=resamples,
        seed=seed,
    )
    _tell(found, csv=csv, as_json=as_json)
    if not found.passed:
        raise typer.Exit(ExitCode.NOT_REACHED)


def _of_run(
    run: Path,
    views: Views,
    part: Part,
    *,
    ensemble: bool,
    engine: str,
    csv: Path | None,
    as_json: bool,
) -> None:
    """Say what views and ensembles of a run's models gain and cost."""
    from cellclf.cli.progress import command_progress
    from cellclf.judging.gain import gain
    from cellclf.network.backend import prepare_backend

    with command_progress() as progress:
        found = gain(
            run,
            views=views,
            ensemble=ensemble,
            part=part,
            engine=engine,
            before_network=prepare_backend,
            progress=progress,
        )
    _tell(found, csv=csv, as_json=as_json)


def _tell(found: Evaluation | Gain, *, csv: Path | None, as_json: bool) -> None:
    """Print what was found, and write it where that is asked for."""
    print_result(as_json, found.summary, found.as_json)
    if csv is not None:
        found.write_csv(csv)
        print_written(csv, as_json=as_json)


def _require_none(options: Mapping[str, object], place: str) -> None:
    """Make sure that no option is given that has no meaning here."""
    given = [name for name, value in options.items() if value]
    if given:
        raise typer.BadParameter(f"{given[0]} is for {place}, not for a run directory")


def _renamed(columns: list[str] | tuple[str, ...]) -> dict[str, str]:
    """Column of the file by the name that it has here."""
    renamed: dict[str, str] = {}
    for text in columns:
        ours, equals, theirs = text.partition("=")
        if not equals or not ours.strip() or not theirs.strip():
            raise typer.BadParameter(
                f"--column must look like OURS=THEIRS, such as label=truth. Received: {text!r}"
            )
        name = ours.strip()
        if name in renamed:
            raise typer.BadParameter(
                f"--column must name each column once. Received: {name!r} as {renamed[name]!r} and "
                f"as {theirs.strip()!r}"
            )
        renamed[name] = theirs.strip()
    return renamed
