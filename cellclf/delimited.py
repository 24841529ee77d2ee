"""CSV files as people, programs and spreadsheets write them: the one way in which they are read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cellclf.terms import first_few

__all__ = ["Line", "Lines", "named_lines", "read_lines"]

DELIMITERS = ",;\t"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One row: the line of the file that it ends on, and as many cells as there are columns."""

    number: int
    cells: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """A file as read.

    Attributes:
        header: Names of the columns.
        rows: The rows in which anything stands, in order.
    """

    header: list[str]
    rows: list[Line]


def read_lines(path: Path) -> Lines:
    """Read a CSV file: UTF-8, columns that stand apart by comma, semicolon or tab.

    Which of the three it is, is what makes the most columns of the first row. Cells are returned
    letter for letter. Spreadsheets leave out cells at the end of a row where they are empty; so
    a row may have fewer than there are columns.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no such table; why, as a sentence about "every row" or "the columns".
        UnicodeDecodeError: It is no UTF-8 text.
    """
    # "utf-8-sig": a spreadsheet that saves the file may put a byte order mark before it. Not
    # `read_text`, which would make one letter of a carriage return and the line feed after it.
    text = path.read_bytes().decode("utf-8-sig")
    delimiter = max(DELIMITERS, key=lambda mark: len(_header(text, mark)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        rows = [Line(number=reader.line_num, cells=cells) for cells in reader if any(cells)]
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error
    torn = [row.number for row in rows if len(row.cells) > len(header)]
    if torn:
        raise ValueError(
            f"every row must have one cell a column. Received: more cells than the {len(header)} "
            f"columns ({_named(delimiter)} in an unquoted path?) in {named_lines(torn)}"
        )
    return Lines(header=header, rows=[_filled(row, len(header)) for row in rows])


def named_lines(lines: Iterable[int]) -> str:
    """Name the first few lines of a file, for a message.

    Example:
        >>> named_lines([7]), named_lines(range(2, 9))
        ('line 7', 'lines 2, 3, 4, 5, 6 and 2 more')
    """
    numbers = list(lines)
    return f"line{'s' if len(numbers) > 1 else ''} {first_few(numbers)}"


def _header(text: str, delimiter: str) -> list[str]:
    return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])


def _filled(row: Line, columns: int) -> Line:
    return Line(number=row.number, cells=row.cells + [""] * (columns - len(row.cells)))


def _named(delimiter: str) -> str:
    return {",": "a comma", ";": "a semicolon", "\t": "a tab"}[delimiter]
