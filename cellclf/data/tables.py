"""Tables that people write: CSV files with a line of column names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cellclf.delimited import read_lines
from cellclf.errors import DataError, hint
from cellclf.spreadsheets import original

__all__ = ["Row", "Table", "read_table"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row: the line of the file that it ends on, and its cells by lower-case column name."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column.lower(), "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table as read.

    Attributes:
        file: Where it was read from.
        columns: Names of the columns, in lower case.
        rows: The rows that are not empty, in order.
    """

    file: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def require(self, column: str) -> None:
        """Make sure that there is a column of that name, whatever its case.

        Raises:
            DataError: There is none.
        """
        if column.lower() not in self.columns:
            raise DataError(
                f"{self.file} must have a column {column!r}, or the parameters must name another. "
                f"Received: {', '.join(self.columns)}.{hint(column.lower(), self.columns)}"
            )


def read_table(file: Path) -> Table:
    """Read a CSV file: UTF-8, columns that stand apart by comma, semicolon or tab.

    Names of columns are read without regard to case; space around cells is dropped, and so are
    empty lines, and the apostrophe that makes a formula text (`cellclf.spreadsheets`).

    Raises:
        DataError: It cannot be read, or is no table.
    """
    try:
        lines = read_lines(file)
    except UnicodeDecodeError as error:
        raise DataError(f"{file} must be UTF-8 text: save it as 'CSV UTF-8'. {error}") from error
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DataError(f"{file} cannot be read as a table: {error}") from error
    header = [name.strip().lower() for name in lines.header]
    twice = [name for name, n in Counter(header).items() if n > 1 and name]
    if twice:
        raise DataError(f"the columns of {file} must have different names. Received: {twice[0]!r}")
    rows = []
    for line in lines.rows:
        cells = [original(cell.strip()) for cell in line.cells]
        if any(cells):
            rows.append(Row(line=line.number, cells=dict(zip(header, cells, strict=True))))
    if not rows:
        raise DataError(f"{file} must have a line of column names and a row for each image")
    return Table(file=file, columns=tuple(header), rows=tuple(rows))
