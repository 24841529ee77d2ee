"""Judging predictions, whoever made them: from a file to figures with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cellclf.errors import DataError
from cellclf.evaluation.confusion import MACRO
from cellclf.evaluation.estimates import estimates
from cellclf.evaluation.evaluation import Evaluation
from cellclf.evaluation.foreign import Understood, read_any_predictions, understood
from cellclf.evaluation.gates import held
from cellclf.evaluation.judge import confusion_counts
from cellclf.evaluation.metric import Metric
from cellclf.evaluation.prediction_files import read_sidecar
from cellclf.evaluation.predictions import classes_of, labelled
from cellclf.gates import Gate, require_known
from cellclf.pipeline.caveats import caveats_of_figures
from cellclf.pipeline.metrics import core_metrics, metrics_named
from cellclf.pipeline.sources import units_in
from cellclf.registry import installed
from cellclf.run_directory import RunDirectory
from cellclf.spreadsheets import read_texts
from cellclf.terms import PARTS, RESAMPLES, Part

__all__ = ["evaluate"]

NAMED = 5
"""How many values of a column a message names."""


def evaluate(
    predictions: pd.DataFrame | str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    metrics: Sequence[str] | None = None,
    part: Part | None = None,
    gates: Sequence[str] = (),
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Judge predictions, with a 95 % interval for every figure. No network is needed.

    Rows that share a value in `group` belong together, and intervals are as wide as that makes
    them. What the predictions come from does not matter: a run, `Classifier.predict`, or another
    program.

    Args:
        predictions: A table of predictions, or a `.csv`, `.parquet` or `.jsonl` file of a run or of
            another program.
        columns: Name of the file's column by the name that it has here: `label`, `group`,
            `sample_id`, `path`, `split`, or `p_<class>`, where these differ.
        metrics: Names of metrics; all that cellclf brings where it is left out. Those that gates
            are about are computed too.
        part: Judge the rows of this part; by default `test` where the table names several, and all
            rows where they are of one part other than `train`, or of none.
        gates: What must be reached, such as `sensitivity.basophil >= 0.95 (lower bound)`.
        resamples: How often units are drawn anew for figures that are no shares of samples.
        seed: Decides every draw.

    Raises:
        DataError: The file cannot be read or understood, nothing in it has a label, or a gate is
            about no figure.
        PluginError: There is no such metric.
    """
    notes: tuple[str, ...] = ()
    units = None
    if isinstance(predictions, pd.DataFrame):
        name, found = "predictions", understood(predictions, columns or {})
    else:
        path = Path(predictions)
        name, found = str(path), read_any_predictions(path, columns)
        notes, units = _notes(path), _units(path, found.table)
    table = found.table
    try:
        judged = part or _part(found)
        rows = _rows(found, judged)
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    known = labelled(table[rows])
    if not len(known):
        of_part = f" of the part {judged}" if judged else ""
        raise DataError(
            f"{name}: no row{of_part} has a label, so there is nothing to judge them by. Labels "
            "stand in the column 'label'"
        )
    chosen = core_metrics() if metrics is None else metrics_named(metrics, installed())
    wanted, held_against = _gates(gates, chosen, classes_of(table))
    chosen = (*chosen, *held_against)
    figures = estimates(
        table[rows],
        chosen,
        units=None if units is None else units[rows],
        resamples=resamples,
        seed=seed,
    )
    return Evaluation(
        name=name,
        part=judged,
        classes=classes_of(table),
        estimates=figures,
        gates=held(wanted, figures),
        confusion=confusion_counts(table[rows]),
        unlabelled=int(rows.sum()) - len(known),
        notes=(
            *notes,
            *_of_parts(found, judged),
            *(_of_groups(known) if units is None else ()),
            *_of_absent(known, figures),
        ),
    )


def _gates(
    texts: Sequence[str], chosen: Sequence[Metric], classes: Sequence[str]
) -> tuple[list[Gate], tuple[Metric, ...]]:
    """Read gates, and find the metrics that they need besides those that were chosen.

    Raises:
        DataError: One is none, or about a metric or a class that there is not.
    """
    core = {metric.name: metric for metric in core_metrics()} if texts else {}
    known = core | {metric.name: metric for metric in chosen}
    limits = {name: metric.limits for name, metric in known.items()}
    try:
        wanted = [Gate.parsed(text) for text in texts]
        for gate in wanted:
            require_known(gate, metrics=limits, classes=classes)
    except DataError as error:
        raise DataError(f"a gate {error}") from error
    there = {metric.name for metric in chosen}
    missing = dict.fromkeys(gate.metric for gate in wanted if gate.metric not in there)
    return wanted, tuple(core[name] for name in missing)


def _part(found: Understood) -> Part | None:
    """The part that is meant where none is asked for; none where the table names none.

    Raises:
        DataError: It cannot be known.
    """
    there = _named(found)
    if len(there) > 1:
        return "test"
    if not there:
        return None
    (only,) = there
    if not (found.table["split"] == only).all():
        raise DataError(
            f"some rows are of the part {only!r}, and others of no part that is known here. Say "
            f"which part is to be judged, with --part or `part`. {_received(found)}"
        )
    if only == "train":
        raise DataError(
            "all rows are of the part 'train', and nobody is judged by what was trained on. "
            "--part train, or `part`, judges them all the same"
        )
    return only


def _rows(found: Understood, part: Part | None) -> NDArray[np.bool_]:
    """Which rows are of a part; all where no part is named.

    Raises:
        DataError: There are none.
    """
    if part is None:
        return np.ones(len(found.table), bool)
    if part not in _named(found):
        raise DataError(f"there must be rows of the part {part!r}. {_received(found)}")
    return (found.table["split"] == part).to_numpy()


def _named(found: Understood) -> list[Part]:
    """The parts that a table has rows of."""
    there = set(found.table["split"])
    return [part for part in PARTS if part in there]


def _received(found: Understood) -> str:
    """What stands in the column `split`."""
    values = [*_named(found), *found.other_parts]
    shown = [repr(name) for name in values[:NAMED]] + ["..."] * (len(values) > NAMED)
    empty = (found.table["split"] == "").any() and not found.other_parts
    return f"Received: {', '.join([*shown, *['rows of no part'] * bool(empty)])}"


def _of_parts(found: Understood, judged: Part | None) -> tuple[str, ...]:
    """That all rows were judged although the table seems to have parts."""
    if judged or not found.other_parts:
        return ()
    shown = ", ".join(map(repr, found.other_parts[:NAMED]))
    more = ", ..." if len(found.other_parts) > NAMED else ""
    return (f"The column split names no part ({shown}{more}): all rows are judged.",)


def _of_groups(known: pd.DataFrame) -> tuple[str, ...]:
    """That rows without a group stand among others with one."""
    without = int((known["group"] == "").sum())
    if without in (0, len(known)):
        return ()
    verb = "has no group and counts" if without == 1 else "have no group and count"
    return (f"{without:,} of {len(known):,} rows {verb} as independent.",)


def _of_absent(known: pd.DataFrame, figures: pd.DataFrame) -> tuple[str, ...]:
    """Which classes have no sample, where there are means over classes."""
    classes = classes_of(known)
    present = set(known["label"])
    absent = [name for name in classes if name not in present]
    if not absent or not (figures["of"] == MACRO).any():
        return ()
    shown = ", ".join(absent[:NAMED]) + (", ..." if len(absent) > NAMED else "")
    means = "means" if len(present) > 1 else "those"
    others = f"the {len(present)} others" if len(present) > 1 else "the other class"
    return (f"No sample of {shown}: macro figures are {means} of {others}.",)


def _units(path: Path, table: pd.DataFrame) -> NDArray[np.intp] | None:
    """The units of a run's division, where the file lies in a run; copies tie images there too."""
    division = RunDirectory(path.parent.parent).division_file
    if not division.is_file():
        return None
    sources = read_texts(division)
    if not set(table["sample_id"]) <= set(sources["sample_id"]):
        return None
    return units_in(sources, table)


def _notes(path: Path) -> tuple[str, ...]:
    """What the sidecar of a run's predictions says that a reader must know.

    Raises:
        DataError: There is one that this version cannot read.
    """
    beside = path.with_suffix(".json")
    if not beside.is_file() or b"schema_version" not in beside.read_bytes():
        return ()  # nothing, or a file of another program
    sidecar = read_sidecar(path.with_suffix(""))
    return caveats_of_figures(leaky=sidecar.leaky, synthetic=sidecar.synthetic)
