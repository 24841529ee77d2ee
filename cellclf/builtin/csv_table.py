"""The dataset `csv`: a table that says where each image is and what it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from cellclf.builtin.dataset_specs import CsvParams
from cellclf.data.samples import Sample, Samples
from cellclf.data.tables import Row, Table, read_table
from cellclf.delimited import named_lines
from cellclf.errors import DataError
from cellclf.terms import PART_NAMES, part_named

__all__ = ["load"]


def load(params: CsvParams, *, root: Path) -> Samples:
    """Read a set from a table of `path,label[,group][,split]`.

    The columns stand apart by comma, semicolon or tab; their names are read without regard to case,
    and columns that nobody asked for are passed over. An empty group or split means that there is
    none.

    Args:
        params: Names of the columns; see `CsvParams`.
        root: The CSV file, or a folder that holds exactly one. Paths in it are relative to the
            folder of the file.

    Returns:
        Samples in the order of the table, their ids the paths as written, with `/` between folders;
        classes in alphabetical order.

    Raises:
        DataError: No such file, no table, a column or cell missing, or no image where it says.
    """
    file = _find_table(root)
    table = read_table(file)
    _check_columns(params, table)
    rows = [row for row in table.rows if row[params.label_column] or not params.skip_unlabelled]
    if not rows:
        raise DataError(f"{file} must have a row with a label, in {params.label_column!r}")
    _check_cells(params, rows, file)

    folder = file.parent.absolute()
    samples = tuple(
        Sample(
            id=_id(row, params),
            label=row[params.label_column],
            path=str(folder / _id(row, params)),
            groups={kind: row[kind] for kind in params.group_columns if row[kind]},
            split=part_named(row[params.split_column]),
        )
        for row in rows
    )
    if not any(Path(str(sample.path)).exists() for sample in samples):
        raise DataError(
            f"none of the {len(samples)} images of {file} exists. Looked first for "
            f"{samples[0].path}; paths must be relative to the folder of the CSV file."
        )
    return Samples(samples=samples, classes=tuple(sorted({sample.label for sample in samples})))


def _id(row: Row, params: CsvParams) -> str:
    return row[params.path_column].replace("\\", "/")


def _find_table(root: Path) -> Path:
    if root.is_file():
        return root
    if not root.is_dir():
        raise DataError(f"the data must be a CSV file, or a folder with one. Received: {root}")
    tables = sorted(path for path in root.iterdir() if path.suffix.lower() == ".csv")
    if len(tables) != 1:
        names = ", ".join(path.name for path in tables) or "none"
        raise DataError(
            f"the folder {root} must hold exactly one CSV file, or the data must name the file. "
            f"Received: {names}"
        )
    return tables[0]


def _check_columns(params: CsvParams, table: Table) -> None:
    # Which columns may be absent goes by their names, not by whether the user wrote them: the
    # resolved experiment, which writes every default out, must read the same table.
    optional = {"group", "split"}
    wanted = (params.path_column, params.label_column, *params.group_columns, params.split_column)
    for name in wanted:
        if name not in optional:
            table.require(name)
    for name in optional.intersection(wanted).difference(table.columns):
        plural = f"{name}s"
        if plural in table.columns:
            raise DataError(
                f"the column {plural!r} of {table.file} would be passed over: call it {name!r}, or "
                "name it in the parameters"
            )


def _check_cells(params: CsvParams, rows: Sequence[Row], file: Path) -> None:
    _refuse((row.line for row in rows if not row[params.path_column]), "no path", file)
    _refuse((row.line for row in rows if not row[params.label_column]), "no label", file)
    _refuse(
        (
            row.line
            for row in rows
            if row[params.split_column] and not part_named(row[params.split_column])
        ),
        f"a split other than {', '.join(PART_NAMES)}",
        file,
    )
    uses = Counter(_id(row, params) for row in rows)
    _refuse((row.line for row in rows if uses[_id(row, params)] > 1), "the same path", file)


def _refuse(lines: Iterable[int], fault: str, file: Path) -> None:
    """Refuse the table if any lines are at fault."""
    at_fault = list(lines)
    if at_fault:
        raise DataError(
            f"every row of {file} must name one image and its class. Received: {fault} in "
            f"{named_lines(at_fault)}"
        )
