"""The dataset `csv`: a table that says where each image is and what it shows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cellclf.builtin.dataset_specs import CsvParams
from cellclf.data.samples import Sample, Samples
from cellclf.errors import DataError, hint
from cellclf.terms import PART_NAMES, part_named

__all__ = ["load"]

DELIMITERS = ",;\t"
MOST_LINES_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """One row: the line of the file that it ends on, and its cells by lower-case column name."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column.lower(), "")


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
    header, rows = _read(file)
    _check_columns(params, header, file)
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


def _id(row: _Row, params: CsvParams) -> str:
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


def _read(file: Path) -> tuple[list[str], list[_Row]]:
    """Return the column names in lower case, and the rows."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file} must be UTF-8 text: save it as 'CSV UTF-8'. {error}") from error
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from error
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip().lower() for name in next(reader, [])]
    twice = [name for name, n in Counter(header).items() if n > 1 and name]
    if twice:
        raise DataError(f"the columns of {file} must have different names. Received: {twice[0]!r}")
    rows, torn = [], []
    for cells in reader:
        cells = [cell.strip() for cell in cells]
        if len(cells) > len(header):
            torn.append(reader.line_num)
        if any(cells):
            rows.append(_Row(line=reader.line_num, cells=dict(zip(header, cells, strict=False))))
    _refuse(torn, f"more cells than the {len(header)} columns (a comma in an unquoted path?)", file)
    if not rows:
        raise DataError(f"{file} must have a line of column names and a row for each image")
    return header, rows


def _check_columns(params: CsvParams, header: Sequence[str], file: Path) -> None:
    # Which columns may be absent goes by their names, not by whether the user wrote them: the
    # resolved experiment, which writes every default out, must read the same table.
    optional = {"group", "split"}
    wanted = (params.path_column, params.label_column, *params.group_columns, params.split_column)
    for name in wanted:
        if name.lower() in header or name in optional:
            continue
        raise DataError(
            f"{file} must have a column {name!r}, or the parameters must name another. "
            f"Received: {', '.join(header)}.{hint(name.lower(), header)}"
        )
    for name in optional.intersection(wanted).difference(header):
        plural = f"{name}s"
        if plural in header:
            raise DataError(
                f"the column {plural!r} of {file} would be passed over: call it {name!r}, or name "
                "it in the parameters"
            )


def _check_cells(params: CsvParams, rows: Sequence[_Row], file: Path) -> None:
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
    lines = list(lines)
    if not lines:
        return
    named = ", ".join(str(line) for line in lines[:MOST_LINES_NAMED])
    more = len(lines) - MOST_LINES_NAMED
    raise DataError(
        f"every row of {file} must name one image and its class. Received: {fault} in line"
        f"{'s' if len(lines) > 1 else ''} {named}{f' and {more} more' if more > 0 else ''}"
    )
