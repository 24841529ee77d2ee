"""Text in CSV files that a spreadsheet must not run: cells that it would take for formulas.

A file may be called `=HYPERLINK(...)`, and a class `+1`. Spreadsheets compute such cells when they
open a CSV file, whoever wrote them. An apostrophe before the cell makes it text; whatever reads the
file here takes that apostrophe away again, so that a name comes back letter for letter.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cellclf.delimited import read_lines
from cellclf.files import replacing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["inert", "inert_table", "original", "original_table", "read_texts", "write_table"]

FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""How a cell begins that a spreadsheet computes, whatever apostrophes it has already (OWASP, CSV
injection; full-width signs count too)."""


def inert(text: str) -> str:
    """Return `text` as it may stand in a CSV file: with an apostrophe where it begins a formula.

    Example:
        >>> inert("=cmd()"), inert("'+1"), inert("neutrophil"), inert("'s-Gravenhage")
        ("'=cmd()", "''+1", 'neutrophil', "'s-Gravenhage")
    """
    return f"'{text}" if FORMULA.match(text) else text


def original(text: str) -> str:
    """Return what `inert` was given.

    Example:
        >>> original("'=cmd()"), original("''+1"), original("-1"), original("'s-Gravenhage")
        ('=cmd()', "'+1", '-1', "'s-Gravenhage")
    """
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def inert_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` with `inert` text; numbers stay numbers."""
    return _mapped(table, inert)


def original_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return what `inert_table` was given."""
    return _mapped(table, original)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write `table` as CSV with `inert` text, UTF-8; the file appears whole or not at all.

    Args:
        table: What to write, without its index.
        path: Where to.

    Raises:
        RunError: The place cannot be written to.
    """
    written = inert_table(table)
    # A carriage return ends a line for whoever reads the file; Python's writer sees no need to
    # quote it. Rare enough for everything to be quoted then.
    cells = (cell for name in _texts(table) for cell in [name, *table[name]])
    returns = any("\r" in cell for cell in cells if isinstance(cell, str))
    with replacing(path) as unfinished:
        written.to_csv(
            unfinished,
            index=False,
            encoding="utf-8",
            lineterminator="\n",
            quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL,
        )


def read_texts(path: Path) -> pd.DataFrame:
    """Read a CSV file as text, letter for letter: a class may be called "NA", an id "007".

    What stands between the cells, and which rows are refused: see `cellclf.delimited`. Columns
    without a name, such as numbers of rows, are left out.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no table.
    """
    import pandas as pd  # only where a table is read: the module is imported with every command

    lines = read_lines(path)
    if not lines.header:
        raise ValueError("there must be a line of column names. Received: an empty file")
    named = [name for name in lines.header if name]
    twice = [name for name, number in Counter(named).items() if number > 1]
    if twice:
        raise ValueError(f"the columns must have different names. Received: {twice[0]!r} twice")
    cells = [row.cells for row in lines.rows]
    return original_table(pd.DataFrame(cells, columns=lines.header, dtype="str")[named])


def _mapped(table: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    def changed(cell: object) -> object:
        return change(cell) if isinstance(cell, str) else cell

    changes = {name: table[name].map(changed).astype(table[name].dtype) for name in _texts(table)}
    return table.assign(**changes)


def _texts(table: pd.DataFrame) -> list[str]:
    """Names of the columns that may hold text."""
    return [str(name) for name in table.select_dtypes(exclude=["number", "bool", "boolean"])]
