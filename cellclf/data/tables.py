"""Tables that people write: CSV files with a line of column names."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cellclf.errors import DataError, hint
from cellclf.spreadsheets import original

__all__ = ["Row", "Table", "named_lines", "read_table"]

DELIMITERS = ",;\t"
MOST_LINES_NAMED = 5


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
        cells = [original(cell.strip()) for cell in cells]
        if len(cells) > len(header):
            torn.append(reader.line_num)
        if any(cells):
            rows.append(Row(line=reader.line_num, cells=dict(zip(header, cells, strict=False))))
    if torn:
        raise DataError(
            f"every row of {file} must have one cell a column. Received: more cells than the "
            f"{len(header)} columns (a comma in an unquoted path?) in {named_lines(torn)}"
        )
    if not rows:
        raise DataError(f"{file} must have a line of column names and a row for each image")
    return Table(file=file, columns=tuple(header), rows=tuple(rows))


def named_lines(lines: Iterable[int]) -> str:
    """Name the first few lines of a file, for a message.

    Example:
        >>> named_lines([7]), named_lines(range(2, 9))
        ('line 7', 'lines 2, 3, 4, 5, 6 and 2 more')
    """
    numbers = list(lines)
    shown = ", ".join(str(line) for line in numbers[:MOST_LINES_NAMED])
    more = len(numbers) - MOST_LINES_NAMED
    return f"line{'s' if len(numbers) > 1 else ''} {shown}{f' and {more} more' if more > 0 else ''}"
